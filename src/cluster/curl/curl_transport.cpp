#include "cluster/curl/curl_transport.hpp"

#include <algorithm>
#include <climits>
#include <new>
#include <thread>
#include <utility>

#include "cluster/curl/curl_exchange.hpp"

namespace servicekit::cluster {

using std::chrono::milliseconds;

CurlTransport::CurlTransport(TransportOptions options, CURLM* multi) : options_{std::move(options)}, multi_{multi} {}

CurlTransport::~CurlTransport() {
    for (const auto& [id, exchange] : exchanges_)
        static_cast<void>(::curl_multi_remove_handle(multi_.get(), exchange->handle()));
}

std::uint64_t CurlTransport::post(const HttpRequest& request) {
    const std::uint64_t id = ++last_id_;
    auto exchange = std::make_unique<CurlExchange>(id, request, options_, events_);
    if (exchange->handle() == nullptr || ::curl_multi_add_handle(multi_.get(), exchange->handle()) != CURLM_OK)
        throw std::bad_alloc{};
    exchanges_.emplace(id, std::move(exchange));
    return id;
}

void CurlTransport::cancel(std::uint64_t exchange) {
    const auto found = exchanges_.find(exchange);
    if (found != exchanges_.end()) {
        static_cast<void>(::curl_multi_remove_handle(multi_.get(), found->second->handle()));
        exchanges_.erase(found);
    }
    std::erase_if(events_, [exchange](const HttpEvent& event) { return event.exchange == exchange; });
}

void CurlTransport::perform() {
    int running = 0;
    static_cast<void>(::curl_multi_perform(multi_.get(), &running));
    int left = 0;
    while (const CURLMsg* const message = ::curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        char* self = nullptr;
        static_cast<void>(::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self));
        HttpEvent end = reinterpret_cast<const CurlExchange*>(self)->end(message->data.result);
        static_cast<void>(::curl_multi_remove_handle(multi_.get(), message->easy_handle));
        exchanges_.erase(end.exchange);
        events_.push_back(std::move(end));
    }
}

std::vector<HttpEvent> CurlTransport::wait(milliseconds at_most) {
    perform();
    if (events_.empty()) {
        const auto time = std::clamp<milliseconds::rep>(at_most.count(), 0, INT_MAX);
        // A poll that fails at once, for lack of memory, must not make its caller spin.
        constexpr milliseconds pause{50};
        if (::curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(time), nullptr) != CURLM_OK)
            std::this_thread::sleep_for(std::min(at_most, pause));
        perform();
    }
    return std::exchange(events_, {});
}

void CurlTransport::wake() noexcept { static_cast<void>(::curl_multi_wakeup(multi_.get())); }

Result<std::unique_ptr<HttpTransport>> make_curl_transport(const TransportOptions& options) {
    static const CURLcode started = ::curl_global_init(CURL_GLOBAL_DEFAULT);
    // Without it, a name server that does not answer would stop the election.
    if ((::curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS) == 0)
        return Error{ExitCode::configuration, "use", "libcurl",
                     "it asks name servers while everything else waits; use one that is built with AsynchDNS"};
    CURLM* const multi = started == CURLE_OK ? ::curl_multi_init() : nullptr;
    if (multi == nullptr) return Error{ExitCode::os, "start", "libcurl", ::curl_easy_strerror(started)};
    return std::unique_ptr<HttpTransport>{std::make_unique<CurlTransport>(options, multi)};
}

}  // namespace servicekit::cluster
