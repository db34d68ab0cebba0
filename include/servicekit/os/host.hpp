#pragma once

#include <functional>
#include <memory>
#include <string>

#include "servicekit/os/boost_log.hpp"
#include "servicekit/os/children.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/confinement.hpp"
#include "servicekit/os/crash_reporter.hpp"
#include "servicekit/os/environment.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/file_locks.hpp"
#include "servicekit/os/files.hpp"
#include "servicekit/os/inherited_descriptors.hpp"
#include "servicekit/os/kill_timer.hpp"
#include "servicekit/os/local_sockets.hpp"
#include "servicekit/os/message_sockets.hpp"
#include "servicekit/os/pipes.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/process_table.hpp"
#include "servicekit/os/programs.hpp"
#include "servicekit/os/service_manager.hpp"
#include "servicekit/os/signals.hpp"
#include "servicekit/os/standard_streams.hpp"
#include "servicekit/os/stream_capture.hpp"
#include "servicekit/os/threads.hpp"
#include "servicekit/os/users.hpp"

namespace servicekit::os {

/// The operating system: a pointer to each of its interfaces, by default to the real one. Core, the policies and Client
/// take a Host; a test passes one with fakes, as FakeOs::host(). They copy it, so the Host itself may be destroyed
/// first; the interfaces must live longer than they do.
struct Host {
    ///@{
    /// One interface of the operating system.
    BoostLog* boost_log = &process_boost_log();
    Children* children = &posix_children();
    Clock* clock = &posix_clock();
    Confinement* confinement = &posix_confinement();
    CrashReporter* crashes = &posix_crash_reporter();
    Environment* environment = &posix_environment();
    Files* files = &posix_files();
    InheritedDescriptors* inherited = &posix_inherited_descriptors();
    FileLocks* locks = &posix_file_locks();
    MessageSockets* message_sockets = &posix_message_sockets();
    Pipes* pipes = &posix_pipes();
    Process* process = &posix_process();
    ProcessTable* processes = &posix_process_table();
    Programs* programs = &posix_programs();
    ServiceManager* service_manager = &posix_service_manager();
    Signals* signals = &posix_signals();
    LocalSockets* sockets = &posix_local_sockets();
    StandardStreams* streams = &posix_standard_streams();
    Threads* threads = &posix_threads();
    Users* users = &posix_users();
    std::function<std::unique_ptr<EventLoop>(const std::string& thread)> make_event_loop = &make_posix_event_loop;
    std::function<std::unique_ptr<KillTimer>()> make_kill_timer = &make_posix_kill_timer;
    std::function<std::unique_ptr<Parking>()> make_parking = &make_posix_parking;
    std::function<std::unique_ptr<StreamCapture>()> make_stream_capture = &make_posix_stream_capture;
    ///@}
};

/// The real operating system.
[[nodiscard]] const Host& posix_host();

}  // namespace servicekit::os
