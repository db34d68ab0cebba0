// How a Site takes a request, and how it waits.
#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicectl/web/pages/error_page.hpp"
#include "servicectl/web/site.hpp"

namespace servicekit::servicectl::web {
namespace {

using Page = Route::Page;

/// Changes a target in absolute form to one in origin form. The host in it replaces the header Host (RFC 9112, 3.2.2).
void take_authority(Request& request) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!equals_ignoring_case(std::string_view{request.target}.substr(0, scheme.size()), scheme)) continue;
        const std::size_t end = std::min(request.target.find_first_of("/?", scheme.size()), request.target.size());
        std::string host = request.target.substr(scheme.size(), end - scheme.size());
        std::string rest = request.target.substr(end);
        request.target = rest.starts_with('/') ? std::move(rest) : "/" + rest;
        std::erase_if(request.headers, [](const auto& row) { return equals_ignoring_case(row.first, "host"); });
        request.headers.emplace_back("Host", std::move(host));
        return;
    }
}

}  // namespace

Site::Site(Plan plan, Loop& loop, const os::Host& host)
    : plan_{std::move(plan)},
      loop_{loop},
      host_{host},
      access_{plan_.access, *host_.clock},
      login_limit_{*host_.clock},
      mailbox_{std::make_shared<Mailbox>(loop)},
      runs_{loop, host,
            [this](const std::string& service, bool has_ended) {
                if (const auto open = opened_.find(service); open != opened_.end()) open->second.change();
                if (!has_ended) return;
                // The list must show what the run has changed.
                fresh_after_ = host_.clock->steady_now();
                if (observing_) observing_->hurry();
            }},
      timer_{loop.timer()},
      scrape_wish_{std::make_shared<ScrapeWish>()} {}

Site::~Site() {
    mailbox_->close();
    timer_.reset();
    // Ask all to end before waiting for one.
    for (auto& [service, open] : opened_)
        if (open.work) open.work->end();
    if (observing_) observing_->end();
    if (scraping_) scraping_->end();
}

void Site::reply(const CallHandle& call, Response response) {
    if (call->on_reply) std::exchange(call->on_reply, nullptr)(std::move(response));
}

void Site::refuse(const CallHandle& call, unsigned status, const std::string& title, const std::string& text) {
    const auto page = call->route.page;
    if (page == Page::metrics || page == Page::health || page == Page::service_health || call->visitor.has_header)
        return reply(call, plain(status, title + ": " + text));
    reply(call, {.status = status, .body = error_page(frame_of(call->visitor), static_cast<int>(status), title, text)});
}

void Site::handle(Request request, OnReply on_reply) {
    const auto call = std::make_shared<Call>(Call{.request = std::move(request), .on_reply = std::move(on_reply)});
    try {
        take_authority(call->request);
        call->route = route_of(call->request.method, call->request.target);
        dispatch(call);
    } catch (const std::exception& error) {
        reply(call, plain(500, std::string{"the server failed: "} + error.what()));
    }
}

void Site::dispatch(const CallHandle& call) {
    const Route& route = call->route;
    // A probe knows no name of this server and no token, and learns nothing.
    if (route.page == Page::health) return reply(call, plain(200, "ok"));
    if (const auto refusal = access_.refuse_host(call->request))
        return reply(call, plain(refusal->status, refusal->title + ": " + refusal->text));
    if (route.page == Page::asset) return show_asset(call);
    if (refuse_guess(call)) return;
    call->visitor = access_.visitor_of(call->request);
    if (route.page == Page::login) return log_in(call);
    if (call->visitor.right == Right::none) return ask_for_token(call);
    if (route.is_for_other_methods) {
        Response response = plain(405, "this page has the methods " + std::string{route.methods});
        response.headers.emplace_back("Allow", route.methods);
        return reply(call, std::move(response));
    }
    if (route.page == Page::unknown) return refuse(call, 404, "There is no such page", "The list has all services.");
    const bool is_post = call->request.method == "POST";
    is_post ? change(call) : show_page(call);
}

void Site::show_page(const CallHandle& call) {
    look();
    switch (call->route.page) {
        case Page::list:
            return with_listing(call, [this, call] { show_list(call); });
        case Page::service:
            return show_service(call);
        case Page::service_health:
            return show_health(call);
        case Page::run:
            return show_run(call);
        case Page::live_list:
            return follow_list(call);
        case Page::live_service:
            return follow_service(call);
        case Page::metrics:
            return show_metrics(call);
        default:
            return refuse(call, 404, "There is no such page", "The list has all services.");
    }
}

void Site::wait(Waiting waiting) {
    waiting_.push_back(std::move(waiting));
    start_timer();
}

void Site::go_on_with_those_met() {
    const auto now = host_.clock->steady_now();
    std::vector<Waiting> met;
    for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
        if (now < waiting->until && !(waiting->is_met && waiting->is_met())) {
            ++waiting;
            continue;
        }
        met.push_back(std::move(*waiting));
        waiting = waiting_.erase(waiting);
    }
    for (const Waiting& waiting : met) guarded("a request", waiting.go_on);
}

void Site::guarded(const char* what, const std::function<void()>& call) {
    try {
        call();
    } catch (const std::exception& error) {
        plan_.note(std::string{what} + " failed: " + error.what());
    }
}

void Site::start_timer() {
    if (std::exchange(timer_runs_, true)) return;
    timer_->start(tick, [this] { on_timer(); });
}

void Site::on_timer() {
    timer_runs_ = false;
    guarded("the timer", [this] {
        go_on_with_those_met();
        if (!feeds_.empty()) look();
        close_unused();
        let_end(nullptr);
    });
    // A call may destroy its feed.
    const std::vector<Feed*> feeds{feeds_.begin(), feeds_.end()};
    for (Feed* const feed : feeds)
        if (const auto wake = wake_.find(feed); wake != wake_.end()) {
            const auto call = wake->second;
            guarded("a stream", call);
        }
    if (!waiting_.empty() || !feeds_.empty() || !opened_.empty()) start_timer();
}

}  // namespace servicekit::servicectl::web
