#include "servicectl/web/runs.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "cli/text.hpp"
#include "client/server_check.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::servicectl::web {
namespace {

constexpr std::size_t longest_progress = 1024;
constexpr std::size_t longest_item = 4096;
/// The values of a reply can take 70 times as much memory as its text.
constexpr std::size_t longest_reply_to_run = std::size_t{1} << 20U;
constexpr std::size_t longest_outcome = std::size_t{64} << 10U;

std::string bounded(const std::string& text, std::size_t longest) {
    std::string_view kept = cli::cut(text, longest);
    return kept.size() == text.size() ? text : std::string{kept} + " ...";
}

/// Indentation can make a deep reply many times as long.
std::string in_words(const Object& reply) {
    std::string text = to_json(reply);
    return text.size() > longest_outcome ? text : to_pretty_json(Value{reply});
}

std::optional<double> percent_of(const Progress& progress) {
    if (progress.total == 0) return std::nullopt;
    constexpr double all = 100;
    return std::min(all, static_cast<double>(progress.done) * all / static_cast<double>(progress.total));
}

}  // namespace

Runs::Runs(Loop& loop, const os::Host& host, std::function<void(const std::string&, bool)> on_change, Random random)
    : loop_{loop}, host_{host}, on_change_{std::move(on_change)}, random_{std::move(random)} {}

Runs::~Runs() {
    // A program that ends later must find nothing that it could change.
    for (const Handle& run : runs_) {
        run->watch.reset();
        run->timer.reset();
        run->exchange.reset();
    }
}

Result<Runs::Handle> Runs::begin(const std::string& service, const std::string& event, Kind kind) {
    const bool is_event = kind == Kind::event;
    std::size_t running = 0;
    std::size_t running_of_service = 0;
    for (const Handle& run : runs_) {
        if (run->ended || run->kind != kind) continue;
        ++running;
        if (run->service == service) ++running_of_service;
    }
    const auto refuse = [&event](std::size_t most, const char* what) {
        return Error{ExitCode::timeout, "request", event, std::to_string(most) + " requests of this " + what + " run"};
    };
    const std::size_t most = is_event ? most_events_of_service : most_programs_of_service;
    if (running_of_service >= most) return refuse(most, "service");
    // Slow events must not keep anybody from stopping a service.
    if (is_event && running >= most_events) return refuse(most_events, "server");
    constexpr std::size_t bytes_of_id = 6;
    auto run = std::make_shared<Run>();
    run->kind = kind;
    run->service = service;
    run->view.id = in_hexadecimal(random_(bytes_of_id));
    run->view.event = event;
    run->begun = host_.clock->steady_now();
    runs_.push_front(run);
    forget_old(service);
    return run;
}

Result<std::string> Runs::call(const std::string& service, const std::string& socket, std::vector<uid_t> users,
                               const std::string& event, const Object& arguments) {
    auto begun = begin(service, event, Kind::event);
    if (!begun) return begun.error();
    const Handle& run = *begun;
    run->socket = socket;
    run->users = std::move(users);
    run->arguments = arguments;
    run->timer = loop_.timer();
    CallOptions& options = run->options;
    Run* const one = run.get();  // which owns the options
    options.on_turn = [this, one](const Turn& turn) {
        one->view.state = turn.has_come ? RunView::State::running : RunView::State::waiting;
        one->view.progress = turn.has_come || turn.running.empty() ? "" : "waits for '" + turn.running + "'";
        note(*one);
    };
    options.on_progress = [this, one](const Progress& progress) {
        one->view.state = RunView::State::running;
        one->view.percent = percent_of(progress);
        one->view.progress = bounded(progress.message, longest_progress);
        note(*one);
    };
    options.on_item = [this, one](const Object& item) {
        auto& items = one->view.items;
        items.push_back(bounded(to_json(item), longest_item));
        one->bytes_of_items += items.back().size();
        while (items.size() > most_items || one->bytes_of_items > most_bytes_of_items) {
            one->bytes_of_items -= items.front().size();
            items.erase(items.begin());
        }
        note(*one);
    };
    note(*run);
    proceed(run);
    return run->view.id;
}

void Runs::connect(const Handle& run) {
    auto connection = host_.sockets->try_connect(run->socket, os::Links::do_not_follow);
    if (!connection) return end(*run, RunView::State::failed, connection.error().message());
    if (*connection == nullptr) {
        constexpr std::chrono::milliseconds pause{50};
        constexpr std::chrono::seconds patience{10};
        if (host_.clock->steady_now() - run->begun > patience)
            return end(*run, RunView::State::failed, "it accepts no clients, and its queue is full");
        run->timer->start(pause, [this, weak = std::weak_ptr<Run>{run}] {
            if (const Handle still = weak.lock()) proceed(still);
        });
        return;
    }
    if (const auto refusal = refuse_server(run->socket, (*connection)->peer(), run->users))
        return end(*run, RunView::State::failed, refusal->message());
    run->exchange = std::make_unique<Exchange>(*std::move(connection), run->socket, run->view.event,
                                               std::move(run->arguments), run->options, longest_reply_to_run);
}

void Runs::proceed(const Handle& run) {
    if (run->ended) return;
    try {
        if (!run->exchange) connect(run);
        if (run->exchange) {
            if (const auto outcome = run->exchange->advance()) {
                if (*outcome)
                    end(*run, RunView::State::done, in_words(**outcome));
                else
                    end(*run, RunView::State::failed, outcome->error().what());
            } else {
                await(run);
            }
        }
    } catch (const std::exception& error) {
        end(*run, RunView::State::failed, error.what());
    }
    if (!run->ended) return;
    run->watch.reset();
    run->timer.reset();
    run->exchange.reset();
}

void Runs::await(const Handle& run) {
    const auto again = [this, weak = std::weak_ptr<Run>{run}] {
        if (const Handle still = weak.lock()) proceed(still);
    };
    // Others take their turns between two parts of a long reply.
    if (run->exchange->is_behind()) return loop_.post(again);
    if (!run->watch) run->watch = loop_.watch(run->exchange->connection().descriptor());
    if (run->exchange->wants_to_send())
        run->watch->await_writable(again);
    else
        run->watch->await_readable(again);
}

Result<std::string> Runs::execute(const std::string& service, const std::string& action,
                                  const std::vector<std::string>& command) {
    auto begun = begin(service, action, Kind::program);
    if (!begun) return begun.error();
    const Handle& run = *begun;
    run->view.state = RunView::State::running;
    const std::weak_ptr<Run> weak{run};
    auto started = loop_.run(command, [this, weak](const ProgramResult& result) {
        const Handle still = weak.lock();
        if (!still) return;
        std::string outcome = result.output;
        while (!outcome.empty() && outcome.back() == '\n') outcome.pop_back();
        if (outcome.empty()) outcome = result.exit_code == 0 ? "done" : "it printed nothing";
        if (result.exit_code == 0) return end(*still, RunView::State::done, outcome);
        end(*still, RunView::State::failed, outcome + "\nexit code " + std::to_string(result.exit_code));
    });
    if (!started) end(*run, RunView::State::failed, started.error().message());
    note(*run);
    return run->view.id;
}

void Runs::note(Run& run) {
    run.change = ++changes_;
    on_change_(run.service, run.ended.has_value());
}

void Runs::end(Run& run, RunView::State state, const std::string& outcome) {
    if (run.ended) return;
    run.view.state = state;
    run.view.outcome = bounded(outcome, longest_outcome);
    run.ended = host_.clock->steady_now();
    note(run);
}

RunView Runs::view_of(const Run& run) const {
    RunView view = run.view;
    view.age = std::chrono::duration_cast<std::chrono::seconds>(host_.clock->steady_now() - run.begun);
    return view;
}

std::optional<RunView> Runs::find(const std::string& service, const std::string& id) const {
    for (const Handle& run : runs_)
        if (run->service == service && run->view.id == id) return view_of(*run);
    return std::nullopt;
}

std::vector<RunView> Runs::of(const std::string& service) const {
    std::vector<RunView> views;
    for (const Handle& run : runs_)
        if (run->service == service) views.push_back(view_of(*run));
    return views;
}

std::vector<RunView> Runs::changed_after(const std::string& service, std::size_t change) const {
    std::vector<RunView> views;
    for (const Handle& run : runs_)
        if (run->service == service && run->change > change) views.push_back(view_of(*run));
    return views;
}

void Runs::forget_old(const std::string& service) {
    std::size_t of_service = 0;
    std::size_t all = 0;
    std::erase_if(runs_, [&](const Handle& run) {
        if (run->service == service) ++of_service;
        ++all;
        const bool is_too_many = all > most_remembered || (run->service == service && of_service > most_of_service);
        return is_too_many && run->ended;
    });
}

}  // namespace servicekit::servicectl::web
