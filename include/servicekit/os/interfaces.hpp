#pragma once

/// Declares the os interfaces, for headers that only pass them on. This keeps compile times low. To call an interface,
/// include its own header.
namespace servicekit::os {

class Children;
class Clock;
class EventLoop;
class FileLock;
class FileLocks;
class Files;
class InheritedDescriptors;
class KillTimer;
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
enum class Look;
struct Host;

[[nodiscard]] const Host& posix_host();

}  // namespace servicekit::os
