#pragma once

/// The names of the os interfaces, and the real ones: for headers that only pass them on. So a program that includes
/// those does not compile every interface; who calls one includes its own header.
namespace servicekit::os {

class Children;
class Clock;
class EventLoop;
class FileLock;
class FileLocks;
class Files;
class InheritedDescriptors;
class LocalSockets;
class NotifySocket;
class Pipe;
class Pipes;
class Process;
class ProcessTable;
class ServiceManager;
class StandardStreams;
class Threads;
class Users;
struct Host;

[[nodiscard]] Children& posix_children();
[[nodiscard]] Clock& posix_clock();
[[nodiscard]] FileLocks& posix_file_locks();
[[nodiscard]] Files& posix_files();
[[nodiscard]] InheritedDescriptors& posix_inherited_descriptors();
[[nodiscard]] LocalSockets& posix_local_sockets();
[[nodiscard]] Pipes& posix_pipes();
[[nodiscard]] Process& posix_process();
[[nodiscard]] ProcessTable& posix_process_table();
[[nodiscard]] ServiceManager& posix_service_manager();
[[nodiscard]] StandardStreams& posix_standard_streams();
[[nodiscard]] Threads& posix_threads();
[[nodiscard]] Users& posix_users();

}  // namespace servicekit::os
