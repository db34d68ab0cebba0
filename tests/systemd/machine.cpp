#include "systemd/machine.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "integration/support/await.hpp"
#include "integration/support/process.hpp"
#include "integration/support/text_file.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* programs = "/opt/servicekit";
constexpr std::string_view cgroup_prefix = "servicekit-test.";

/// Returns the cgroup of this process, as a directory, in each hierarchy in which systemd keeps its units.
Strings own_cgroups() {
    Strings directories;
    std::ifstream mounts{"/proc/self/mountinfo"};
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream fields{line};
        std::array<std::string, 5> columns;  // the fifth is the mount point; see proc_pid_mountinfo(5)
        for (std::string& column : columns) fields >> column;
        const std::string_view kind = std::string_view{line}.substr(std::min(line.find(" - "), line.size()));
        const bool is_unified = kind.starts_with(" - cgroup2 ");
        const bool is_named = kind.starts_with(" - cgroup ") && kind.find("name=systemd") != std::string_view::npos;
        if (!is_unified && !is_named) continue;
        std::ifstream own{"/proc/self/cgroup"};
        for (std::string entry; std::getline(own, entry);) {
            const bool fits = is_unified ? entry.starts_with("0::") : entry.find(":name=systemd:") != std::string::npos;
            const std::string path = entry.substr(entry.rfind(':') + 1);
            if (fits) directories.push_back(columns[4] + (path == "/" ? "" : path));
        }
    }
    return directories;
}

Strings lines_of(const fs::path& file) {
    std::ifstream stream{file};
    Strings lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

/// Kills the processes of the cgroup and its children, and removes it.
void remove_cgroup(const fs::path& cgroup) {
    for (int attempt = 0; attempt < 200 && fs::exists(cgroup); ++attempt) {
        std::vector<fs::path> all{cgroup};
        std::error_code failure;
        for (fs::recursive_directory_iterator entry{cgroup, failure}, end; !failure && entry != end;
             entry.increment(failure))
            if (entry->is_directory(failure)) all.push_back(entry->path());
        for (const fs::path& directory : all)
            for (const std::string& pid : lines_of(directory / "cgroup.procs")) ::kill(std::stoi(pid), SIGKILL);
        for (auto directory = all.rbegin(); directory != all.rend(); ++directory) ::rmdir(directory->c_str());
        if (fs::exists(cgroup)) std::this_thread::sleep_for(10ms);
    }
}

/// Removes what a killed test has left.
void remove_stale_cgroups(const fs::path& parent) {
    std::error_code failure;
    std::vector<fs::path> stale;
    for (fs::directory_iterator entry{parent, failure}, end; !failure && entry != end; entry.increment(failure)) {
        const std::string name = entry->path().filename();
        if (name.starts_with(cgroup_prefix) && !fs::exists("/proc/" + name.substr(cgroup_prefix.size())))
            stale.push_back(entry->path());
    }
    for (const fs::path& cgroup : stale) remove_cgroup(cgroup);
}

bool has_program(const std::string& name) { return run_command({{"sh", "-c", "command -v " + name}}).exit_code == 0; }

/// Returns the libraries that the programs need and the root directory lacks.
std::set<std::string> missing_libraries(const std::string& root) {
    const Outcome linked = run_command(
        {{"sh", "-c", "find " SERVICEKIT_BIN_DIR " -maxdepth 1 -type f -perm /1 ! -name '*_tests' -exec ldd {} +"}});
    std::set<std::string> missing;
    std::istringstream lines{linked.out};
    for (std::string line; std::getline(lines, line);) {
        const auto arrow = line.find(" => /");
        if (arrow == std::string::npos) continue;
        const std::string path = line.substr(arrow + 4, line.find(" (", arrow) - arrow - 4);
        if (!fs::exists(root + path)) missing.insert(path);
    }
    return missing;
}

/// Returns the only child of a process; nothing if there is none.
std::optional<pid_t> child_of(pid_t parent) {
    const std::string path = "/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children";
    std::ifstream children{path};
    pid_t child = 0;
    if (children >> child) return child;
    return std::nullopt;
}

}  // namespace

std::string Machine::root_of(const std::string& release, std::string& obstacle) {
    if (::geteuid() != 0) {
        obstacle = "a machine needs root";
        return {};
    }
    for (const char* program : {"systemd-nspawn", "nsenter", "setpriv"})
        if (!has_program(program)) {
            obstacle = std::string{"there is no "} + program;
            return {};
        }
    if (own_cgroups().empty()) {
        obstacle = "no cgroups are mounted";
        return {};
    }
    Outcome root = run_command({{SERVICEKIT_SCRIPTS_DIR "/systemd-root", "--if-there", release}});
    if (root.exit_code != 0) {
        obstacle = "there is no root directory: scripts/systemd-root " + release + " makes it";
        return {};
    }
    root.out.erase(root.out.find_last_not_of('\n') + 1);
    return root.out;
}

Machine::Machine(const std::string& root) {
    const std::string id = std::to_string(::getpid());
    std::string script;
    for (const std::string& parent : own_cgroups()) {
        remove_stale_cgroups(parent);
        cgroups_.push_back(parent + "/" + std::string{cgroup_prefix} + id);
        const std::string& cgroup = cgroups_.back();
        script += "mkdir '" + cgroup + "' && echo $$ >'" + cgroup + "/cgroup.procs' && ";
    }
    script += "exec \"$@\" </dev/null >'" + directory_.file("console") + "' 2>&1";
    Strings arguments{"setpriv",
                      "--pdeathsig=KILL",
                      "sh",
                      "-c",
                      script,
                      "sh",
                      "systemd-nspawn",
                      "--quiet",
                      "--directory=" + root,
                      "--machine=servicekit-" + id,
                      "--volatile=overlay",
                      "--private-network",
                      "--register=no",
                      "--keep-unit",
                      "--link-journal=no",
                      "--console=pipe",
                      std::string{"--bind-ro="} + SERVICEKIT_BIN_DIR + ":" + programs};
    for (const std::string& library : missing_libraries(root)) arguments.push_back("--bind-ro=" + library);
    arguments.emplace_back("--boot");
    container_ = std::make_unique<RunningCommand>(Command{.arguments = std::move(arguments)});
    try {
        await_boot();
    } catch (const std::exception& error) {
        const std::string console = read_file(directory_.file("console"));
        power_off();
        throw std::runtime_error{std::string{"the machine does not come up: "} + error.what() + "\n" + console};
    }
}

Machine::~Machine() { power_off(); }

void Machine::await_boot() {
    await_state("systemd is pid 1", [this] {
        if (container_->has_ended()) throw std::runtime_error{"the container has ended"};
        const auto child = child_of(container_->pid());
        const auto facts = child ? facts_of(*child) : std::nullopt;
        if (!facts || facts->name != "systemd") return false;
        leader_ = *child;
        return true;
    });
    await_state("systemd takes orders",
                [this] { return fs::exists("/proc/" + std::to_string(leader_) + "/root/run/systemd/private"); });
    const Outcome up = shell("systemctl is-system-running --wait");
    if (up.out != "running\n" && up.out != "degraded\n") throw std::runtime_error{"systemd is " + up.out + up.err};
}

void Machine::power_off() noexcept {
    try {
        if (leader_ != 0 && !container_->has_ended()) {
            (void)shell("systemctl poweroff --force --no-block");
            (void)Process{container_->pid()}.wait_for_end(10s);
        }
        container_.reset();
    } catch (const std::exception&) {
        container_.reset();
    }
    for (const std::string& cgroup : cgroups_) remove_cgroup(cgroup);
}

Command Machine::command(const std::string& script) const {
    return {.arguments = {"nsenter", "--target", std::to_string(leader_), "--all", "--", "env", "-i",
                          std::string{"PATH="} + programs + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
                          "LC_ALL=C", "sh", "-c", script}};
}

Outcome Machine::shell(const std::string& script) const { return run_command(command(script)); }

std::unique_ptr<RunningCommand> Machine::begin(const std::string& script) const {
    return std::make_unique<RunningCommand>(command(script));
}

}  // namespace servicekit::test
