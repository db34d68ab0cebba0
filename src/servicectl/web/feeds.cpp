// The streams that keep the pages of a Site up to date.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "servicectl/web/pages/live_updates.hpp"
#include "servicectl/web/site.hpp"

namespace servicekit::servicectl::web {
namespace {

/// A browser with a slow page gets it as often.
constexpr std::chrono::milliseconds pause_of_service_updates{1000};

std::string message(std::string_view event, const std::string& data) {
    return "event: " + std::string{event} + "\ndata: " + data + "\n\n";
}

}  // namespace

class Site::ListFeed final : public Feed {
public:
    ListFeed(Site& site, std::string session) : site_{site}, session_{std::move(session)} { site_.feeds_.insert(this); }
    ListFeed(const ListFeed&) = delete;
    ListFeed& operator=(const ListFeed&) = delete;
    ~ListFeed() override {
        site_.feeds_.erase(this);
        site_.wake_.erase(this);
    }

    std::string next() override {
        is_over_ = is_over_ || !site_.access_.is_live(session_);
        if (is_over_ || seen_ == site_.observations_ || site_.observations_ == 0) return {};
        seen_ = site_.observations_;
        return message("list", site_.list_text());
    }
    [[nodiscard]] bool is_over() const override { return is_over_; }
    void on_news(std::function<void()> call) override { site_.wake_[this] = std::move(call); }

private:
    Site& site_;
    std::string session_;
    std::size_t seen_ = 0;
    bool is_over_ = false;
};

class Site::ServiceFeed final : public Feed {
public:
    ServiceFeed(Site& site, std::string session, Right right, std::string service)
        : site_{site}, session_{std::move(session)}, right_{right}, service_{std::move(service)} {
        site_.feeds_.insert(this);
        ++site_.opened_.at(service_).feeds;
    }
    ServiceFeed(const ServiceFeed&) = delete;
    ServiceFeed& operator=(const ServiceFeed&) = delete;
    ~ServiceFeed() override {
        site_.feeds_.erase(this);
        site_.wake_.erase(this);
        if (const auto open = site_.opened_.find(service_); open != site_.opened_.end()) --open->second.feeds;
    }

    std::string next() override {
        const auto found = site_.opened_.find(service_);
        is_over_ = is_over_ || found == site_.opened_.end() || !site_.access_.is_live(session_);
        if (is_over_) return {};
        OpenService& open = found->second;
        open.used = site_.host_.clock->steady_now();
        return log(open) + runs() + service(open);
    }
    [[nodiscard]] bool is_over() const override { return is_over_; }
    void on_news(std::function<void()> call) override { site_.wake_[this] = std::move(call); }

private:
    std::string log(const OpenService& open) {
        const bool is_start = !has_log_ || open.log_end() < log_position_;
        has_log_ = true;
        const auto from = std::exchange(log_position_, open.log_end());
        if (!is_start && from == open.log_end()) return {};
        return message("log", site_.log_text(service_, open, is_start ? std::nullopt : std::optional{from}));
    }
    /// Only those who may act see the replies, as a reply may be meant for its caller.
    std::string runs() {
        if (right_ != Right::act || run_change_ == site_.runs_.changes()) return {};
        return site_.run_texts(service_, std::exchange(run_change_, site_.runs_.changes()));
    }
    std::string service(const OpenService& open) {
        const auto now = site_.host_.clock->steady_now();
        const bool is_new = open.version() != version_ || site_.observations_ != observation_;
        if (!is_new || now - sent_ < pause_of_service_updates) return {};
        const std::string& text = site_.service_text(service_, open, right_);
        if (text.empty()) return {};
        sent_ = now;
        version_ = open.version();
        observation_ = site_.observations_;
        return message("service", text);
    }

    Site& site_;
    std::string session_;
    Right right_;
    std::string service_;
    bool is_over_ = false;
    bool has_log_ = false;
    std::uint64_t log_position_ = 0;
    std::size_t run_change_ = 0;
    std::size_t version_ = 0;
    std::size_t observation_ = 0;
    TimePoint sent_{};
};

void Site::follow_list(const CallHandle& call) {
    if (feeds_.size() >= most_feeds)
        return refuse(call, 503, "Too many pages are open", "Reload this one to see the newest state.");
    auto feed = std::make_unique<ListFeed>(*this, call->visitor.session);
    start_timer();
    std::exchange(call->on_reply, nullptr)(std::move(feed));
}

void Site::follow_service(const CallHandle& call) {
    with_open(call, [this, call](const ServiceRow& row, const OpenService&) {
        if (feeds_.size() >= most_feeds)
            return refuse(call, 503, "Too many pages are open", "Reload this one to see the newest state.");
        auto feed = std::make_unique<ServiceFeed>(*this, call->visitor.session, call->visitor.right, row.identity());
        start_timer();
        if (call->on_reply) std::exchange(call->on_reply, nullptr)(std::move(feed));
    });
}

const std::string& Site::list_text() {
    if (list_text_.observation != observations_) {
        list_text_.observation = observations_;
        list_text_.text = list_update(list_view(frame_of({})));
    }
    return list_text_.text;
}

const std::string& Site::log_text(const std::string& service, const OpenService& open,
                                  std::optional<std::uint64_t> from) {
    constexpr std::size_t most_texts = 8;
    LogTexts& known = log_texts_[service];
    const std::size_t watch = watch_numbers_[service];
    if (known.watch != watch || known.end != open.log_end() || known.texts.size() >= most_texts)
        known = {.watch = watch, .end = open.log_end()};
    const auto [row, is_new] = known.texts.try_emplace(from);
    if (is_new && !from) row->second = log_start(open.log());
    if (is_new && from) {
        const OpenService::Lines lines = open.log_from(*from);
        row->second = log_update(lines.lines, lines.skipped);
    }
    return row->second;
}

const std::string& Site::run_texts(const std::string& service, std::size_t change) {
    constexpr std::size_t most_texts = 16;
    if (run_texts_.changes != runs_.changes() || run_texts_.texts.size() >= most_texts)
        run_texts_ = {.changes = runs_.changes()};
    const auto [known, is_new] = run_texts_.texts.try_emplace({service, change});
    const ServiceRow* const row = is_new ? find(service) : nullptr;
    if (row != nullptr)
        for (const RunView& run : runs_.changed_after(service, change))
            known->second += message("run", run_update(ids_.of(*row), run));
    return known->second;
}

const std::string& Site::service_text(const std::string& service, const OpenService& open, Right right) {
    Text& text = service_texts_[{service, right}];
    const bool is_current = text.observation == observations_ && text.version == open.version();
    if (is_current && !text.text.empty()) return text.text;
    text.observation = observations_;
    text.version = open.version();
    const ServiceRow* const row = find(service);
    // The text goes to all who have this right, so it has no token of one of them.
    text.text = row == nullptr ? std::string{} : service_update(service_view(*row, open, frame_of({.right = right})));
    return text.text;
}

}  // namespace servicekit::servicectl::web
