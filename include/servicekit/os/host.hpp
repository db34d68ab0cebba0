#pragma once

#include <functional>
#include <memory>
#include <string>

#include "servicekit/os/boost_log.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/confinement.hpp"
#include "servicekit/os/crash_reporter.hpp"
#include "servicekit/os/environment.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/files.hpp"
#include "servicekit/os/inherited_descriptors.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/service_manager.hpp"
#include "servicekit/os/signals.hpp"
#include "servicekit/os/standard_streams.hpp"
#include "servicekit/os/stream_capture.hpp"
#include "servicekit/os/users.hpp"

namespace servicekit::os {

/// All that core itself asks of the operating system; a test puts fakes in. Policies are given theirs one by one.
struct Host {
    BoostLog* boost_log = &process_boost_log();
    Clock* clock = &posix_clock();
    Confinement* confinement = &posix_confinement();
    CrashReporter* crashes = &posix_crash_reporter();
    Environment* environment = &posix_environment();
    Files* files = &posix_files();
    InheritedDescriptors* inherited = &posix_inherited_descriptors();
    Process* process = &posix_process();
    ServiceManager* service_manager = &posix_service_manager();
    Signals* signals = &posix_signals();
    StandardStreams* streams = &posix_standard_streams();
    Users* users = &posix_users();
    std::function<std::unique_ptr<EventLoop>(const std::string& thread)> make_event_loop = &make_posix_event_loop;
    std::function<std::unique_ptr<Parking>()> make_parking = &make_posix_parking;
    std::function<std::unique_ptr<StreamCapture>()> make_stream_capture = &make_posix_stream_capture;
};

}  // namespace servicekit::os
