// How a Site answers the scrapes of a monitoring system.
#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include "servicectl/web/exporter.hpp"
#include "servicectl/web/site.hpp"

namespace servicekit::servicectl::web {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t most_scrapers = 64;

}  // namespace

void Site::show_metrics(const CallHandle& call) {
    if (scrapers_.size() >= most_scrapers) return refuse(call, 503, "The server is busy", "too many scrapes wait");
    scrapers_.push_back(call);
    scrape_if_wanted();
}

void Site::scrape_if_wanted() {
    if (is_scraping_ || scrapers_.empty()) return;
    is_scraping_ = true;
    current_scrapers_ = std::exchange(scrapers_, {});
    for (const CallHandle& call : current_scrapers_) {
        const bool is_open =
            negotiated_format(call->request.header("accept").value_or("")) == MetricsFormat::openmetrics;
        (is_open ? scrape_wish_->openmetrics : scrape_wish_->prometheus) = true;
    }
    if (scraping_ != nullptr) return scraping_->hurry();
    ListingScope scope = plan_.scope;
    // A service that is down must be there, so that an alert can tell it from one that was removed.
    scope.all = true;
    auto work = Background::start(
        "scrape",
        [scope, host = host_, wish = scrape_wish_, mailbox = mailbox_, this](const std::stop_token& stop) {
            constexpr std::chrono::hours until_hurried{1};
            const bool prometheus = wish->prometheus.exchange(false);
            const bool openmetrics = wish->openmetrics.exchange(false);
            if (!prometheus && !openmetrics) return milliseconds{until_hurried};
            auto scraped = std::make_shared<Scrape>();
            auto texts = std::make_shared<std::array<std::string, 2>>();
            try {
                *scraped = scrape(scope, host, stop);
                if (prometheus)
                    (*texts)[0] = exported_text(scraped->services, scraped->seconds, MetricsFormat::prometheus);
                if (openmetrics)
                    (*texts)[1] = exported_text(scraped->services, scraped->seconds, MetricsFormat::openmetrics);
            } catch (const std::exception& error) {
                // For example, there is too little memory for this one.
                scraped->failure = error.what();
            }
            scraped->services.clear();
            mailbox->post([this, scraped, texts] { take(*scraped, (*texts)[0], (*texts)[1]); });
            return milliseconds{until_hurried};
        },
        host_);
    if (work) {
        scraping_ = *std::move(work);
        return;
    }
    is_scraping_ = false;
    for (const CallHandle& call : std::exchange(current_scrapers_, {}))
        refuse(call, 500, "The services could not be asked", work.error().message());
}

void Site::take(const Scrape& scraped, const std::string& prometheus, const std::string& openmetrics) {
    is_scraping_ = false;
    for (const std::string& identity : scraped.asked) ++asked_[identity];
    for (const CallHandle& call : std::exchange(current_scrapers_, {})) {
        if (!scraped.failure.empty()) {
            refuse(call, 500, "The services could not be asked", scraped.failure);
            continue;
        }
        const auto format = negotiated_format(call->request.header("accept").value_or(""));
        reply(call, {.type = std::string{content_type_of(format)},
                     .body = format == MetricsFormat::openmetrics ? openmetrics : prometheus});
    }
    scrape_if_wanted();
}

}  // namespace servicekit::servicectl::web
