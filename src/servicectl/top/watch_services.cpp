#include "servicectl/top/watch_services.hpp"

#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "servicectl/top/arrivals.hpp"
#include "servicectl/top/detail_view.hpp"
#include "servicectl/top/help_view.hpp"
#include "servicectl/top/inbox.hpp"
#include "servicectl/top/list_view.hpp"
#include "servicectl/top/service_watch.hpp"
#include "servicectl/watch/background.hpp"
#include "servicectl/watch/listing_watch.hpp"
#include "servicectl/watch/log_lines.hpp"

namespace servicekit::servicectl::top {
namespace {

/// Readiness without a key, so often in a row, means that the terminal is gone.
constexpr unsigned most_empty_reads = 3;

Error cannot_watch(ExitCode code, std::string reason) {
    return {code, "watch services", "", std::move(reason) + "; 'servicectl list' prints them once"};
}

/// The screen, its views, and what keeps them up to date. All of it is for one thread.
class Watching {
public:
    Watching(const Command& command, const os::Host& host)
        : scope_{.patterns = command.targets,
                 .all = command.all,
                 .all_users = command.all_users,
                 .timeout = command.timeout},
          interval_{command.interval},
          host_{host},
          list_{command.interval} {}

    /// \returns the exit code, or why it had to end
    Result<int> run(const OpenScreen& open_screen, const ScreenOptions& options) {
        // Before the screen is open, so that no signal can leave the terminal as the screen needs it.
        arrivals_ = make_arrivals();
        if (auto taken = arrivals_->take_signals(); !taken) return taken.error();
        auto screen = open_screen(options);
        if (!screen) return screen.error();
        screen_ = *std::move(screen);
        Result<int> code = show_until_the_end();
        // The screen first, as the rest may take an instant. Until then a signal must not end the process.
        close_detail();
        screen_.reset();
        ended_work_.clear();
        list_work_.reset();
        arrivals_.reset();
        return code;
    }

private:
    std::unique_ptr<Arrivals> make_arrivals() {
        return std::make_unique<Arrivals>(host_, [inbox = inbox_](int number) { inbox->put_signal(number); });
    }
    Result<void> await_keys() {
        return arrivals_->start(screen_->input(), [inbox = inbox_] { inbox->put_input(); });
    }

    Result<int> show_until_the_end() {
        if (auto awaited = await_keys(); !awaited) return awaited.error();
        auto work = Background::start(
            "list",
            list_at_intervals(scope_, interval_, host_,
                              [inbox = inbox_](TimedListing listing) { inbox->put(std::move(listing)); }),
            host_);
        if (!work) return work.error();
        list_work_ = *std::move(work);
        while (!exit_code_) {
            draw();
            Inbox::Contents contents = inbox_->wait();
            for (const int number : contents.signals)
                if (auto taken = take_signal(number); !taken) return taken.error();
            if (contents.listing) take_listing(*std::move(contents.listing));
            if (detail_ && contents.detail && contents.view == detail_number_)
                detail_->take(*std::move(contents.detail));
            if (contents.has_input && !exit_code_)
                if (auto taken = take_keys(); !taken) return taken.error();
        }
        return *exit_code_;
    }

    void draw() {
        const Width width = [this](char32_t character) { return screen_->columns_of(character); };
        const Size size = screen_->size();
        if (help_)
            screen_->show(help_->page(size, width));
        else if (detail_)
            screen_->show(detail_->page(size, width));
        else
            screen_->show(list_.page(size, width));
    }

    Result<void> take_signal(int number) {
        switch (number) {
            case SIGWINCH:
                screen_->adapt();
                return {};
            case SIGCONT:
                // A process that was stopped by SIGSTOP could not restore the terminal.
                screen_->leave();
                screen_->enter();
                return {};
            case SIGTSTP:
                return stop_this_process();
            case SIGINT:
                exit_code_ = 0;
                return {};
            default:
                constexpr int ended_by_signal = 128;
                exit_code_ = ended_by_signal + number;
                return {};
        }
    }
    /// Lets the shell continue until it continues this process.
    Result<void> stop_this_process() {
        screen_->leave();
        auto others = give_back_signals();
        if (!others) return others.error();
        Result<bool> stopped = true;
        // With its default action the signal stops the process, unless no shell could continue it.
        if (!*others) stopped = host_.processes->signal(host_.process->id(), SIGTSTP, [] { return true; });
        arrivals_ = make_arrivals();
        if (auto taken = arrivals_->take_signals(); !taken) return taken;
        screen_->enter();
        screen_->adapt();
        list_work_->hurry();
        if (!stopped) return stopped.error();
        return await_keys();
    }

    /// Gives the signals their earlier actions, and loses none: those that arrive now get these actions, and those that
    /// arrived before go to the inbox.
    /// \returns whether one of those ends or continues the process
    Result<bool> give_back_signals() {
        // The other threads have all signals blocked, as os::Threads promises, so this holds signals as it would in a
        // process with one thread.
        if (auto held = host_.signals->hold(); !held) return held.error();
        const std::vector<os::ReceivedSignal> noted = host_.signals->noted();
        arrivals_.reset();
        host_.signals->release_held();
        bool is_other = false;
        for (const os::ReceivedSignal& signal : noted) {
            if (signal.number == SIGTSTP) continue;
            inbox_->put_signal(signal.number);
            is_other = is_other || signal.number != SIGWINCH;
        }
        return is_other;
    }

    void take_listing(TimedListing listing) {
        list_.table().take(std::move(listing));
        if (!detail_) return;
        const ServiceRow* const row = list_.table().find(detail_->identity());
        detail_->take(row);
        if (row != nullptr && detail_pid_ == 0) detail_pid_ = row->service.finding.pid;
        // A service that was started again may have another log, and other events.
        if (row != nullptr && is_other_start(*row)) open_detail(*row);
    }
    [[nodiscard]] bool is_other_start(const ServiceRow& row) const {
        const pid_t now = row.service.finding.pid;
        return (now > 0 && detail_pid_ > 0 && now != detail_pid_) || log_file_of(row.service.place) != detail_log_;
    }

    Result<void> take_keys() {
        bool any = false;
        while (!exit_code_) {
            const auto key = screen_->read_key();
            if (!key) break;
            any = true;
            take(*key);
        }
        empty_reads_ = any ? 0 : empty_reads_ + 1;
        if (empty_reads_ >= most_empty_reads) return Error{ExitCode::os, "read from", "the terminal", "it is gone"};
        arrivals_->await_input();
        return {};
    }
    void take(const Key& key) {
        const Wish wish = help_ ? help_->take(key) : detail_ ? detail_->take(key) : list_.take(key);
        switch (wish) {
            case Wish::nothing:
                break;
            case Wish::quit:
                exit_code_ = 0;
                break;
            case Wish::refresh:
                list_work_->hurry();
                break;
            case Wish::open_help:
                help_.emplace();
                break;
            case Wish::open_details:
                if (const ServiceRow* const row = list_.table().selected(); row != nullptr) open_detail(*row);
                break;
            case Wish::go_back:
                if (help_)
                    help_.reset();
                else
                    close_detail();
                break;
        }
    }

    void open_detail(const ServiceRow& row) {
        close_detail();
        const Place& place = row.service.place;
        detail_pid_ = row.service.finding.pid;
        detail_log_ = log_file_of(place);
        detail_.emplace(row, is_of_another_user(place, host_) ? std::string{} : detail_log_);
        auto work = Background::start("details",
                                      look_closely(place, scope_.timeout, host_,
                                                   [inbox = inbox_, view = ++detail_number_](DetailUpdate update) {
                                                       inbox->put(view, std::move(update));
                                                   }),
                                      host_);
        if (work)
            detail_work_ = *std::move(work);
        else
            detail_->take(DetailUpdate{.events_reason = work.error().message(), .log_reason = work.error().message()});
    }
    void close_detail() {
        detail_.reset();
        std::erase_if(ended_work_, [](const auto& work) { return work->has_ended(); });
        if (detail_work_ == nullptr) return;
        // A key must not wait for it.
        detail_work_->end();
        ended_work_.push_back(std::move(detail_work_));
    }

    ListingScope scope_;
    std::chrono::milliseconds interval_;
    os::Host host_;
    std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>(host_.make_parking());
    ListView list_;
    std::optional<HelpView> help_;
    std::optional<DetailView> detail_;
    std::uint64_t detail_number_ = 0;
    pid_t detail_pid_ = 0;  ///< of the first process that was seen; 0: none was
    std::string detail_log_;
    std::optional<int> exit_code_;
    unsigned empty_reads_ = 0;
    // Destroyed in the reverse order.
    std::unique_ptr<Arrivals> arrivals_;
    std::unique_ptr<Screen> screen_;
    std::unique_ptr<Background> list_work_;
    std::unique_ptr<Background> detail_work_;
    std::vector<std::unique_ptr<Background>> ended_work_;
};

}  // namespace

int watch_services(const Command& command, cli::Console& console, const Tools& tools) {
    const os::Host& host = tools.host;
    if (!host.streams->is_terminal(os::Stream::in) || !host.streams->is_terminal(os::Stream::out))
        return console.fail(cannot_watch(ExitCode::usage, "stdin and stdout must be a terminal"));
    const std::string terminal = host.environment->get("TERM").value_or("");
    if (terminal.empty()) return console.fail(cannot_watch(ExitCode::usage, "TERM does not name the terminal"));
    if (!tools.open_screen)
        return console.fail(cannot_watch(ExitCode::usage, "this program was built without screens"));
    const auto code = Watching{command, host}.run(
        tools.open_screen, {.terminal = terminal, .has_colours = console.shows_colours(os::Stream::out)});
    return code ? *code : console.fail(code.error());
}

}  // namespace servicekit::servicectl::top
