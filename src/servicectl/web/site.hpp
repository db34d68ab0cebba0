#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "servicectl/listing.hpp"
#include "servicectl/watch/background.hpp"
#include "servicectl/watch/service_table.hpp"
#include "servicectl/web/access.hpp"
#include "servicectl/web/charts.hpp"
#include "servicectl/web/form.hpp"
#include "servicectl/web/loop.hpp"
#include "servicectl/web/messages.hpp"
#include "servicectl/web/observation.hpp"
#include "servicectl/web/open_service.hpp"
#include "servicectl/web/route.hpp"
#include "servicectl/web/runs.hpp"
#include "servicectl/web/service_lines.hpp"
#include "servicectl/web/views.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl::web {

/// The pages of `servicectl web`, behind any server. It has no thread that answers requests: all functions are for the
/// thread of the loop. Threads of its own ask the services and read their logs, while somebody looks.
class Site : public Handler {
public:
    struct Plan {
        ListingScope scope = {};
        std::chrono::milliseconds interval{2000};
        std::string machine = {};  ///< its name
        std::string user = {};     ///< whose rights actions have
        AccessRules access = {};
        /// Takes a line for each change that a visitor has requested.
        std::function<void(const std::string& line)> note = [](const std::string&) {};
    };
    /// Streams at a time, and services whose pages are open.
    static constexpr std::size_t most_feeds = 256;
    static constexpr std::size_t most_open = 64;
    /// How often streams get news, and waiting requests are looked at.
    static constexpr std::chrono::milliseconds tick{250};

    Site(Plan plan, Loop& loop, const os::Host& host);
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;
    /// \pre no feed exists
    ~Site() override;

    void handle(Request request, OnReply on_reply) override;

private:
    class ListFeed;
    class ServiceFeed;
    /// A request and what is known about it.
    struct Call {
        Request request;
        OnReply on_reply;
        Route route = {};
        Visitor visitor = {};
    };
    using CallHandle = std::shared_ptr<Call>;
    using TimePoint = std::chrono::steady_clock::time_point;
    struct Waiting {
        TimePoint until;               ///< when it goes on in any case
        std::function<bool()> is_met;  ///< null: only the time counts
        std::function<void()> go_on;
    };

    void reply(const CallHandle& call, Response response);
    void refuse(const CallHandle& call, unsigned status, const std::string& title, const std::string& text);
    void ask_for_token(const CallHandle& call);
    /// \returns true if the request has a token and comes too soon after a wrong one of its client
    bool refuse_guess(const CallHandle& call);
    void dispatch(const CallHandle& call);
    void show_page(const CallHandle& call);
    void change(const CallHandle& call);
    void log_in(const CallHandle& call);
    void log_out(const CallHandle& call);
    void show_list(const CallHandle& call);
    void show_service(const CallHandle& call);
    void show_health(const CallHandle& call);
    void show_run(const CallHandle& call);
    void show_asset(const CallHandle& call);
    void show_metrics(const CallHandle& call);
    void follow_list(const CallHandle& call);
    void follow_service(const CallHandle& call);
    void run_event(const CallHandle& call, const Form& form);
    void set_log_level(const CallHandle& call, const ServiceRow& row, const Form& form);
    void request(const CallHandle& call, const ServiceRow& row, const std::string& event, const Object& arguments);
    void stop(const CallHandle& call, const ServiceRow& row);
    void restart(const CallHandle& call, const ServiceRow& row);
    void show_started(const CallHandle& call, const ServiceRow& row, const Result<std::string>& run);

    /// Calls the function when the condition is met, at once if it is already. Calls it also if that takes too long.
    void await(const CallHandle& call, const std::function<bool()>& is_met, std::function<void()> go_on);
    /// Calls the function when there is a listing that is fresh enough.
    void with_listing(const CallHandle& call, std::function<void()> go_on);
    /// Calls the function with the row of the service in the URL. Looks once more for a service that is not known.
    void with_service(const CallHandle& call, std::function<void(const ServiceRow&)> go_on);
    /// Calls the function when the service was asked each question once.
    void with_open(const CallHandle& call, std::function<void(const ServiceRow&, OpenService&)> go_on);

    void look();
    /// Calls a function when a condition is met, or at a time at the latest.
    void wait(Waiting waiting);
    void go_on_with_those_met();
    /// Calls a function. One that throws is noted, and the others go on.
    void guarded(const char* what, const std::function<void()>& call);
    void take(Observation observation);
    void take(const std::string& service, std::size_t number, ServiceNews news);
    void reopen_restarted();
    /// \returns null if too many are open
    OpenService* open(const ServiceRow& row);
    void begin_watch(const std::string& service, OpenService& open);
    void find_unit(const std::string& service, OpenService& open);
    void close_unused();
    void let_end(std::unique_ptr<Background> work);
    void scrape_if_wanted();
    void start_timer();
    void on_timer();
    [[nodiscard]] bool is_fresh() const;
    void take(const Scrape& scraped, const std::string& prometheus, const std::string& openmetrics);

    [[nodiscard]] Frame frame_of(const Visitor& visitor) const;
    [[nodiscard]] ServiceLine line(const ServiceRow& row) const;
    [[nodiscard]] ListView list_view(Frame frame) const;
    [[nodiscard]] ServiceView service_view(const ServiceRow& row, const OpenService& open, Frame frame) const;
    /// Returns why nothing on the service may be changed; empty if it may.
    [[nodiscard]] std::string why_no_action(const ServiceRow& row, const Frame& frame) const;
    [[nodiscard]] std::string why_no_event(const ServiceRow& row, const Frame& frame) const;
    /// Returns the text of an update, which is the same for all visitors with the same right.
    [[nodiscard]] const std::string& list_text();
    [[nodiscard]] const std::string& service_text(const std::string& service, const OpenService& open, Right right);
    /// Returns the text of a message with the log of the service, the same for all who have seen it up to this line.
    /// \param from nothing: they have seen none of it. \returns a reference until the next call
    [[nodiscard]] const std::string& log_text(const std::string& service, const OpenService& open,
                                              std::optional<std::uint64_t> from);
    /// Returns the messages with the runs of the service after a change, the same for all who have seen that one.
    /// \returns a reference until the next call
    [[nodiscard]] const std::string& run_texts(const std::string& service, std::size_t change);
    [[nodiscard]] const ServiceRow* find(const std::string& identity) const;

    Plan plan_;
    Loop& loop_;
    os::Host host_;
    Access access_;
    LoginLimit login_limit_;
    std::shared_ptr<Mailbox> mailbox_;
    std::shared_ptr<Attention> attention_ = std::make_shared<Attention>();
    Runs runs_;

    ServiceTable table_;
    ServiceIds ids_;
    std::size_t observations_ = 0;
    TimePoint fresh_after_{};  ///< a listing before this time is too old
    TimePoint observation_begun_{};
    TimePoint observed_{};
    std::string failure_;
    std::size_t of_others_ = 0;
    std::map<std::string, RequestRate> rates_;   ///< by identity
    std::map<std::string, std::size_t> asked_;   ///< own requests since the last count, by identity
    std::map<std::string, OpenService> opened_;  ///< by identity
    std::size_t watches_ = 0;                    ///< the number of the last watch
    std::map<std::string, std::size_t> watch_numbers_;

    struct Text {
        std::size_t version = 0;
        std::size_t observation = 0;
        std::size_t runs = 0;
        std::string text = {};
    };
    Text list_text_;
    std::map<std::pair<std::string, Right>, Text> service_texts_;
    struct LogTexts {
        std::size_t watch = 0;
        std::uint64_t end = 0;
        std::map<std::optional<std::uint64_t>, std::string> texts = {};
    };
    std::map<std::string, LogTexts> log_texts_;
    struct RunTexts {
        std::size_t changes = 0;
        std::map<std::pair<std::string, std::size_t>, std::string> texts = {};
    };
    RunTexts run_texts_;

    std::vector<Waiting> waiting_;
    std::set<Feed*> feeds_;
    std::map<Feed*, std::function<void()>> wake_;
    std::unique_ptr<os::Timer> timer_;
    bool timer_runs_ = false;

    /// Which texts the next scrape makes. The thread that scrapes takes it.
    struct ScrapeWish {
        std::atomic<bool> prometheus{false};
        std::atomic<bool> openmetrics{false};
    };
    std::shared_ptr<ScrapeWish> scrape_wish_;
    std::vector<CallHandle> scrapers_;          ///< wait for the next scrape
    std::vector<CallHandle> current_scrapers_;  ///< wait for the one that runs
    bool is_scraping_ = false;

    std::unique_ptr<Background> observing_;
    std::unique_ptr<Background> scraping_;
    std::vector<std::unique_ptr<Background>> ended_work_;
};

}  // namespace servicekit::servicectl::web
