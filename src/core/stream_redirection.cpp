#include "core/stream_redirection.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "core/paths.hpp"
#include "core/setting_kind.hpp"

namespace servicekit {
namespace {

using os::Stream;
using Target = StreamPlan::Target;

constexpr std::string_view goes_on = " [goes on in the next line]";

/// How long captured lines may delay the record of a crash.
constexpr std::chrono::seconds longest_for_lines{1};

Error fault(Stream stream, std::string reason) {
    return Error{ExitCode::configuration, "redirect", to_string(stream), std::move(reason)};
}

Setting<Value> setting_of(Stream stream) {
    if (stream == Stream::in) return setting::standard_input;
    return stream == Stream::out ? setting::standard_output : setting::standard_error;
}

bool is_text(const Value* value) { return value != nullptr && value->is_string(); }

StreamPlan plan_from(const Object& object) {
    StreamPlan plan{.target = Target::file};
    plan.file.path = object.find("path")->as_string();
    if (const Value* mode = object.find("mode"); is_text(mode))
        plan.file.permissions = mode_from_octal(mode->as_string());
    if (const Value* open = object.find("open"); is_text(open)) {
        if (open->as_string() == "truncate") plan.file.opening = os::StreamFile::Opening::truncate;
        if (open->as_string() == "create") plan.file.opening = os::StreamFile::Opening::create;
    }
    if (const Value* fifo = object.find("fifo"); fifo != nullptr && fifo->is_bool())
        plan.file.is_fifo = fifo->as_bool();
    return plan;
}

bool is_same_file(const StreamPlan& one, const StreamPlan& other) {
    return one.target == Target::file && other.target == Target::file && one.file.path == other.file.path;
}

}  // namespace

Result<StreamPlan> parse_stream_plan(Stream stream, const Value& setting) {
    if (setting.is_object()) return plan_from(setting.as_object());
    const std::string& text = setting.as_string();
    if (text == "inherit") return StreamPlan{.target = Target::inherit};
    if (text == "null") return StreamPlan{.target = Target::null};
    if (os::named_descriptor(text) == static_cast<int>(stream)) return StreamPlan{.target = Target::inherit};
    if (text != "log") return StreamPlan{.target = Target::file, .file = {.path = text}};
    if (stream == Stream::in) return fault(stream, "nothing can be read from the log");
    return StreamPlan{.target = Target::log};
}

Result<StreamPlan> StreamRedirection::plan_for(Stream stream, const Settings& settings, StreamUse use,
                                               bool in_background) const {
    const Value& set = settings.value(setting_of(stream).name);
    if (set.is_null()) {
        // In the background the daemon policy redirects stdin.
        if (!in_background || stream == Stream::in) return StreamPlan{};
        if (use == StreamUse::none) return StreamPlan{.target = Target::null};
        return StreamPlan{.target = use == StreamUse::captured ? Target::log : Target::inherit};
    }
    auto plan = parse_stream_plan(stream, set);
    if (!plan) return plan;
    if (plan->target == Target::log && use != StreamUse::captured)
        return fault(stream, use == StreamUse::own ? "the log itself writes to the standard streams"
                                                   : "the log does not take it");
    if (plan->target != Target::file || plan->file.path.starts_with('/')) return plan;
    auto whole = absolute_path(plan->file.path, host_);
    if (!whole) return whole.error();
    plan->file.path = *std::move(whole);
    return plan;
}

std::optional<int> StreamRedirection::descriptor_of(Stream stream, const Settings& settings) {
    const Value& set = settings.value(setting_of(stream).name);
    const Value* const path = set.is_object() ? set.as_object().find("path") : &set;
    return is_text(path) ? os::named_descriptor(path->as_string()) : std::nullopt;
}

void StreamRedirection::adapt(Deployment& deployment, const Settings& settings) {
    deployment.keep_stdin = settings.value(setting::standard_input.name) == Value{"inherit"};
    if (const auto descriptor = descriptor_of(Stream::in, settings)) deployment.keep_descriptors.push_back(*descriptor);
    // The log would capture its own copy on stderr.
    if (settings.value(setting::standard_error.name) == Value{"log"}) deployment.log_plan.copies_to_terminal = false;
}

Result<void> StreamRedirection::plan(const Settings& settings, StreamUse use, bool in_background) {
    for (const Stream stream : {Stream::in, Stream::out, Stream::error}) {
        auto plan = plan_for(stream, settings, use, in_background);
        if (!plan) return plan.error();
        of(stream) = *std::move(plan);
    }
    return {};
}

Result<void> StreamRedirection::lead() {
    for (const Stream stream : {Stream::in, Stream::out, Stream::error})
        if (auto led = lead(stream, false); !led) return led;
    return {};
}

Result<void> StreamRedirection::lead(Stream stream, bool again) {
    os::StandardStreams& streams = *host_.streams;
    const StreamPlan& plan = of(stream);
    switch (plan.target) {
        case Target::inherit:
            return {};
        case Target::null:
            return streams.redirect_to_null(stream);
        case Target::log:
            if (!capture_) capture_ = host_.make_stream_capture();
            last_text_.reserve(os::StreamCapture::longest_line + goes_on.size());
            if (auto captured = capture_->capture(stream); !captured) return captured;
            captures_.store(capture_.get());
            return {};
        case Target::file:
            break;
    }
    return lead_to_file(stream, again);
}

Result<void> StreamRedirection::lead_to_file(Stream stream, bool again) {
    os::StandardStreams& streams = *host_.streams;
    const StreamPlan& plan = of(stream);
    // One file is opened only once: a second "create" would fail, and a second "truncate" would delete the output so
    // far.
    if (stream == Stream::error && is_same_file(plan, of(Stream::out)))
        return streams.redirect_to(stream, static_cast<int>(Stream::out));
    os::StreamFile file = plan.file;
    if (again) file.opening = os::StreamFile::Opening::append;
    const auto refused = streams.redirect_to_file(stream, file);
    if (!refused) return refused.error();
    if (*refused) router_.whole().warning((*refused)->message());
    return {};
}

Result<void> StreamRedirection::change_owner(uid_t uid, gid_t gid) {
    for (const Stream stream : {Stream::out, Stream::error})
        if (of(stream).target == Target::file)
            if (auto handed = host_.streams->change_owner(stream, uid, gid); !handed) return handed;
    return {};
}

std::vector<std::string> StreamRedirection::files() const {
    std::vector<std::string> paths;
    for (const StreamPlan& plan : plans_)
        if (plan.target == Target::file && !plan.file.is_fifo && &plan != &plans_.front() &&
            !os::named_descriptor(plan.file.path))
            paths.push_back(plan.file.path);
    return paths;
}

template <class Write>
void StreamRedirection::make_records(const os::CapturedLine& line, std::string& text, Write write) const {
    const std::string name = to_string(line.stream);
    const LogField stream{"stream", name};
    const auto put = [&](LogLevel level, std::string_view message) {
        if (router_.whole().shows(level))
            write(LogRecord{
                .time = host_.clock->system_now(), .level = level, .message = message, .fields = {&stream, 1}});
    };
    if (line.lost_before > 0) {
        text.clear();
        (((text += std::to_string(line.lost_before)) += " lines of ") += name) +=
            " lost: the log did not take them in time";
        put(LogLevel::warning, text);
    }
    const LogLevel level = line.stream == Stream::error ? LogLevel::warning : LogLevel::info;
    if (line.is_cut) {
        text = line.text;
        text += goes_on;
    }
    put(level, line.is_cut ? text : line.text);
}

Result<void> StreamRedirection::start(os::EventLoop& loop) {
    if (!capture_) return {};
    return capture_->start(
        [this](const os::CapturedLine& line) {
            router_.count_lost_prints(line.lost_before);
            std::string text;
            make_records(line, text, [this](const LogRecord& record) { router_.put(record); });
        },
        [this] { host_.crashes->guard_this_thread(); }, loop);
}

Result<void> StreamRedirection::reopen() {
    for (const Stream stream : {Stream::out, Stream::error})
        if (of(stream).target == Target::file && !of(stream).file.is_fifo &&
            !os::named_descriptor(of(stream).file.path))
            if (auto led = lead(stream, true); !led) return led;
    return {};
}

bool StreamRedirection::stop(std::chrono::milliseconds at_most) noexcept {
    return !capture_ || capture_->stop(at_most);
}

void StreamRedirection::write_at_crash(LogPolicy& log, std::span<const LogRecord> records) noexcept {
    os::StreamCapture* const capture = captures_.load();
    if (capture == nullptr) return log.write_at_crash(records);
    struct Last {
        StreamRedirection& streams;
        LogPolicy& log;
        std::span<const LogRecord> records;
        const os::Clock& clock;
        std::optional<std::chrono::steady_clock::time_point> until;
    } last{*this, log, records, *host_.clock, {}};
    capture->write_at_crash(
        [](void* to, const os::CapturedLine& line) noexcept {
            Last& its = *static_cast<Last*>(to);
            const auto now = its.clock.steady_now();
            if (!its.until) its.until = now + longest_for_lines;
            if (now >= *its.until && !its.records.empty()) its.log.write_at_crash(std::exchange(its.records, {}));
            its.streams.make_records(line, its.streams.last_text_, [&its](const LogRecord& record) {
                its.log.write_at_crash({&record, 1});
            });
        },
        &last);
    log.write_at_crash(last.records);
}

}  // namespace servicekit
