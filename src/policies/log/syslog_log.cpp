#include "servicekit/policies/log/syslog_log.hpp"

#include <atomic>
#include <utility>

#include "policies/log/message_output.hpp"
#include "policies/log/syslog_message.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/message_sockets.hpp"
#include "servicekit/os/process.hpp"

namespace servicekit {
namespace {

/// Length that daemons accept by default. A longer message is truncated to this if it exceeds a datagram.
constexpr std::size_t usual_length = 8192;

}  // namespace

struct SyslogLog::State {
    State(Options the_options, const os::Host& host)
        : options{std::move(the_options)}, process{host.process}, output{*host.message_sockets, *host.clock} {}

    void render(std::string& out, const LogRecord& record, os::MessageSocket::Kind kind) const;

    Options options;
    const os::Process* process;
    std::string name;
    bool background = true;
    bool shows_source = false;
    policies::SyslogHead head;
    std::atomic<LogLevel> level{LogLevel::info};
    policies::MessageOutput output;
};

void SyslogLog::State::render(std::string& out, const LogRecord& record, os::MessageSocket::Kind kind) const {
    if (options.format == Format::rfc5424)
        policies::append_syslog_message(out, record, head);
    else
        policies::append_traditional_syslog_message(out, record, head);
    if (kind == os::MessageSocket::Kind::datagram) return;
    if (options.framing == Framing::octet_counting)
        out.insert(0, std::to_string(out.size()) + ' ');
    else
        out += '\n';
}

SyslogLog::SyslogLog() : SyslogLog{Options{}} {}

SyslogLog::SyslogLog(Options options, const os::Host& host)
    : state_{std::make_unique<State>(std::move(options), host)} {}

SyslogLog::SyslogLog(SyslogLog&& other) noexcept = default;
SyslogLog& SyslogLog::operator=(SyslogLog&& other) noexcept = default;

SyslogLog::~SyslogLog() = default;

void SyslogLog::configure(const Deployment& deployment) {
    state_->name = deployment.name;
    state_->background = deployment.background;
    state_->shows_source = deployment.log_plan.shows_source.value_or(false);
    set_level(deployment.log_level);
}

LogPlan SyslogLog::plan() const { return {.shows_source = state_->shows_source}; }

std::optional<LogCounts> SyslogLog::counts() const {
    LogCounts counts;
    state_->output.losses().add_to(counts);
    return counts;
}

Result<void> SyslogLog::open() {
    State& state = *state_;
    state.head = {.facility = static_cast<int>(state.options.facility),
                  .host_name = state.options.host_name,
                  .application = state.name,
                  .process_id = std::to_string(state.process->id()),
                  .structured_data_id = state.options.structured_data_id};
    const auto render = [&state](std::string& out, const LogRecord& record, os::MessageSocket::Kind kind) {
        state.render(out, record, kind);
    };
    const auto send_long = [&state](os::MessageSocket& socket, const std::string& message) {
        return socket.send(policies::cut(message, usual_length), state.options.patience);
    };
    state.output.open(
        {.path = state.options.socket,
         .patience = state.options.patience,
         .retry_after = state.options.retry_after,
         .render = render,
         .head = state.name.size() + state.options.host_name.size() + state.options.structured_data_id.size(),
         .send_long = send_long});
    return {};
}

void SyslogLog::write(const LogRecord& record) noexcept {
    if (record.level < state_->level.load(std::memory_order_relaxed)) return;
    LogRecord shown = record;
    if (!state_->shows_source) shown.source = {};
    state_->output.write(shown);
}

void SyslogLog::set_level(LogLevel level) noexcept { state_->level.store(level, std::memory_order_relaxed); }

void SyslogLog::write_at_crash(std::span<const LogRecord> records) noexcept {
    for (const LogRecord& record : records) static_cast<void>(state_->output.write_at_crash(record));
}

void SyslogLog::close(std::chrono::milliseconds at_most) noexcept { state_->output.close(at_most); }

}  // namespace servicekit
