#include "servicekit/mocks/fake_programs.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace servicekit::mocks {

using How = os::ProgramEnd::How;
using State = os::Transfer::State;

struct FakePrograms::Pipe {
    std::size_t capacity;
    std::string bytes = {};
    bool has_writer = true;
    int reader = -1;  ///< a number to identify it

    [[nodiscard]] std::size_t room() const { return capacity - std::min(capacity, bytes.size()); }
};

struct FakePrograms::Process {
    Started seen;
    std::shared_ptr<Pipe> input;
};

// Runs a program for as long as it has something to do.
void FakePrograms::Machine::run(Process& process) const {
    if (process.seen.end || !reads) return;
    process.seen.text += std::exchange(process.input->bytes, {});
    if (!process.input->has_writer && end_with_input) process.seen.end = {.how = How::exited, .number = 0};
}

void FakePrograms::Machine::run_all() const {
    for (const auto& process : processes) run(*process);
}

class FakePrograms::FakeProgram final : public os::Program {
public:
    FakeProgram(std::shared_ptr<Machine> machine, std::shared_ptr<Process> process)
        : machine_{std::move(machine)},
          process_{std::move(process)},
          descriptor_{
              machine_->reactor->open("the program '" + process_->seen.command.front() + "'",
                                      {.readable = [process = process_] { return process->seen.end.has_value(); }})} {}
    ~FakeProgram() override { machine_->reactor->close(descriptor_); }
    FakeProgram(const FakeProgram&) = delete;
    FakeProgram& operator=(const FakeProgram&) = delete;

    [[nodiscard]] pid_t id() const override { return process_->seen.pid; }
    [[nodiscard]] int descriptor() const override { return descriptor_; }
    std::optional<os::ProgramEnd> end() override { return process_->seen.end; }
    std::optional<os::ProgramEnd> wait_for_end(std::chrono::milliseconds at_most) override {
        machine_->run(*process_);
        if (!process_->seen.end) machine_->reactor->clock().advance(at_most);
        return process_->seen.end;
    }
    Result<bool> signal(int signal_number) override {
        if (const auto failure = machine_->failures.due("signal"))
            return os_error("signal process", std::to_string(id()), *failure);
        if (process_->seen.end) return false;
        process_->seen.signals.push_back(signal_number);
        if (machine_->heed_signals && signal_number != SIGHUP)
            process_->seen.end = {.how = How::killed, .number = signal_number};
        return true;
    }

private:
    std::shared_ptr<Machine> machine_;
    std::shared_ptr<Process> process_;
    int descriptor_;
};

class FakePrograms::FakeInput final : public os::ProgramInput {
public:
    FakeInput(std::shared_ptr<Machine> machine, std::shared_ptr<Pipe> pipe)
        : machine_{std::move(machine)}, pipe_{std::move(pipe)} {
        pipe_->reader = machine_->reactor->open("the reading end of a program's input");
        writer_ = machine_->reactor->open("the input of a program",
                                          {.writable = [pipe = pipe_] { return pipe->room() > 0; }});
    }
    ~FakeInput() override {
        FakeInput::close_writer();
        machine_->reactor->close(pipe_->reader);
    }
    FakeInput(const FakeInput&) = delete;
    FakeInput& operator=(const FakeInput&) = delete;

    os::Transfer write(std::string_view bytes) noexcept override {
        if (const auto failure = machine_->failures.due("write"))
            return {.state = State::failed, .errno_value = *failure};
        if (!pipe_->has_writer) return {.state = State::failed, .errno_value = EBADF};
        machine_->run_all();
        const std::size_t count = std::min(bytes.size(), pipe_->room());
        if (count == 0 && !bytes.empty()) return {.state = State::would_block, .errno_value = EAGAIN};
        pipe_->bytes += bytes.substr(0, count);
        machine_->run_all();
        return {.bytes = count};
    }
    bool wait_until_writable(std::chrono::milliseconds at_most) noexcept override {
        machine_->run_all();
        if (pipe_->room() > 0) return true;
        machine_->reactor->clock().advance(at_most);
        return false;
    }
    [[nodiscard]] std::size_t unread() const override { return pipe_->bytes.size(); }
    Result<void> change_owner(uid_t /*uid*/, gid_t /*gid*/) override {
        if (const auto failure = machine_->failures.due("change_owner"))
            return os_error("hand over", "the pipe of a program", *failure);
        return {};
    }
    void close_writer() override {
        if (writer_ < 0) return;
        machine_->reactor->close(std::exchange(writer_, -1));
        pipe_->has_writer = false;
        machine_->run_all();
    }
    [[nodiscard]] int writer() const override { return writer_; }
    [[nodiscard]] int reader() const override { return pipe_->reader; }

private:
    std::shared_ptr<Machine> machine_;
    std::shared_ptr<Pipe> pipe_;
    int writer_ = -1;
};

Result<std::unique_ptr<os::ProgramInput>> FakePrograms::open_input(std::size_t capacity) {
    if (const auto failure = machine_->failures.due("open_input")) return os_error("open a pipe", "", *failure);
    auto pipe = std::make_shared<Pipe>(Pipe{.capacity = machine_->capacity.value_or(capacity)});
    machine_->pipes.push_back(pipe);
    return std::unique_ptr<os::ProgramInput>{std::make_unique<FakeInput>(machine_, std::move(pipe))};
}

Result<std::unique_ptr<os::Program>> FakePrograms::start(const os::ProgramStart& start) {
    const std::string name = start.command.empty() ? std::string{} : start.command.front();
    if (const auto failure = machine_->failures.due("start", name))
        return os_error("start the program", name, *failure);
    if (name.empty()) return os_error("start the program", name, EINVAL);
    constexpr pid_t first_pid = 9001;
    auto process =
        std::make_shared<Process>(Process{.seen = {.pid = first_pid + static_cast<pid_t>(machine_->processes.size()),
                                                   .command = start.command,
                                                   .output = start.output,
                                                   .end = machine_->end_at_once},
                                          .input = {}});
    for (const auto& known : machine_->pipes)
        if (auto pipe = known.lock(); pipe && pipe->reader == start.input->reader()) process->input = std::move(pipe);
    if (!process->input) return os_error("start the program", name, EBADF);
    machine_->processes.push_back(process);
    machine_->run(*process);
    return std::unique_ptr<os::Program>{std::make_unique<FakeProgram>(machine_, std::move(process))};
}

std::vector<FakePrograms::Started> FakePrograms::started() const {
    std::vector<Started> all;
    for (const auto& process : machine_->processes) all.push_back(process->seen);
    return all;
}

pid_t FakePrograms::running() const {
    if (machine_->processes.empty() || machine_->processes.back()->seen.end) return 0;
    return machine_->processes.back()->seen.pid;
}

std::string FakePrograms::read() const {
    std::string all;
    for (const auto& process : machine_->processes) all += process->seen.text;
    return all;
}

std::size_t FakePrograms::unread() const {
    std::size_t bytes = 0;
    for (const auto& known : machine_->pipes)
        if (const auto pipe = known.lock()) bytes += pipe->bytes.size();
    return bytes;
}

void FakePrograms::stop_reading() { machine_->reads = false; }

void FakePrograms::read_again() {
    machine_->reads = true;
    machine_->run_all();
}

void FakePrograms::end(pid_t pid, os::ProgramEnd how) {
    for (const auto& process : machine_->processes)
        if (process->seen.pid == pid && !process->seen.end) process->seen.end = how;
}

}  // namespace servicekit::mocks
