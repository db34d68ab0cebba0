#include "servicekit/mocks/fake_host.hpp"

namespace servicekit::mocks {

FakeHost::FakeHost() {
    for (const char* folder : {"/etc", "/run", "/var/log"}) files.add_folder(folder);
    files.add_folder("/tmp", 01777);
    users.on_become([this](uid_t uid, gid_t gid) { act_as({.pid = process.id(), .uid = uid, .gid = gid}); });
}

os::Host FakeHost::host() {
    return {
        .clock = &clock,
        .confinement = &confinement,
        .environment = &environment,
        .files = &files,
        .inherited = &inherited,
        .process = &process,
        .service_manager = &service_manager,
        .signals = &signals,
        .streams = &streams,
        .users = &users,
        .make_event_loop = [this]() -> std::unique_ptr<os::EventLoop> {
            return std::make_unique<FakeEventLoop>(reactor);
        },
        .make_parking = [this]() -> std::unique_ptr<os::Parking> { return std::make_unique<FakeParking>(reactor); }};
}

void FakeHost::act_as(const Peer& caller) {
    if (caller.pid != process.id()) process.set_id(caller.pid);
    process.set_effective_user(caller.uid);
    users.set_current(caller.uid, caller.gid);
    files.act_as(caller);
}

void FakeHost::process_died(pid_t pid) {
    locks.process_died(pid);
    sockets.process_died(pid);
    processes.end(pid);
}

}  // namespace servicekit::mocks
