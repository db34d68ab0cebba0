#include "cluster/network.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "integration/support/await.hpp"
#include "os/descriptor.hpp"

namespace servicekit::test {
namespace {

std::string number(int value) { return std::to_string(value); }

void run_or_throw(const Command& command) {
    const Outcome outcome = run_command(command);
    if (outcome.exit_code != 0)
        throw std::runtime_error{"'" + command.arguments.back() + "' failed: " + outcome.out + outcome.err};
}

void shell_or_throw(const std::string& commands) { run_or_throw({.arguments = {"sh", "-ec", commands}}); }

std::string namespace_of(pid_t pid) { return "/proc/" + std::to_string(pid) + "/ns/net"; }

void prepend(Strings& arguments, const Strings& first) {
    arguments.insert(arguments.begin(), first.begin(), first.end());
}

}  // namespace

Command mortal(Command command) {
    prepend(command.arguments, {"setpriv", "--pdeathsig", "KILL", "--"});
    return command;
}

std::string Network::obstacle() {
    if (::geteuid() != 0) return "only root makes network namespaces";
    const Outcome tried = run_command({.arguments = {"unshare", "--net", "ip", "link", "add", "type", "bridge"}});
    return tried.exit_code == 0 ? "" : "no network namespaces: " + tried.err;
}

Network::Network(int machines) {
    if (::unshare(CLONE_NEWNET) != 0) throw std::system_error{errno, std::generic_category(), "unshare"};
    shell_or_throw(
        "ip link set lo up; ip link add wire type bridge; ip addr add 10.77.0.254/24 dev wire; "
        "ip link set wire up");
    for (int machine = 0; machine < machines; ++machine) {
        machines_.push_back(std::make_unique<RunningCommand>(
            mortal({.arguments = {"unshare", "--net", "sh", "-c", "echo made; exec sleep infinity"}})));
        machines_.back()->await_output("made");
        const std::string outside = "port" + number(machine);
        shell_or_throw("ip link add " + outside + " type veth peer name eth0 netns " +
                       std::to_string(machines_.back()->pid()) + "; ip link set " + outside + " master wire up");
        configure(machine,
                  "ip link set lo up; ip addr add " + address_of(machine) + "/24 dev eth0; ip link set eth0 up");
    }
}

std::string Network::address_of(int machine) { return "10.77.0." + number(machine + 1); }

Command Network::on(int machine, Command command) const {
    prepend(command.arguments,
            {"nsenter", "--net=" + namespace_of(machines_.at(static_cast<std::size_t>(machine))->pid())});
    return command;
}

void Network::configure(int machine, const std::string& commands) const {
    run_or_throw(on(machine, {.arguments = {"sh", "-ec", commands}}));
}

// The carrier of eth0 stays, so that the machine does not notice.
void Network::cut(int machine) const { shell_or_throw("ip link set port" + number(machine) + " nomaster"); }

void Network::join(int machine) const { shell_or_throw("ip link set port" + number(machine) + " master wire"); }

void Network::cut(int from, int to) const {
    configure(from, "ip neigh replace " + address_of(to) + " lladdr 02:00:00:00:00:01 nud permanent dev eth0");
}

void Network::join(int from, int to) const { configure(from, "ip neigh del " + address_of(to) + " dev eth0"); }

void Network::separate(int machine, int other) const {
    cut(machine, other);
    cut(other, machine);
}

void Network::reunite(int machine, int other) const {
    join(machine, other);
    join(other, machine);
}

}  // namespace servicekit::test
