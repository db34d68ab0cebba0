#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "servicekit/cluster/transport.hpp"

namespace servicekit::cluster {

class CurlExchange;

/// libcurl's multi interface. Requests run while a thread waits.
class CurlTransport final : public HttpTransport {
public:
    CurlTransport(TransportOptions options, CURLM* multi);
    ~CurlTransport() override;
    CurlTransport(const CurlTransport&) = delete;
    CurlTransport& operator=(const CurlTransport&) = delete;

    std::uint64_t post(const HttpRequest& request) override;
    void cancel(std::uint64_t exchange) override;
    std::vector<HttpEvent> wait(std::chrono::milliseconds at_most) override;
    void wake() noexcept override;

private:
    struct EndMulti {
        void operator()(CURLM* multi) const noexcept { ::curl_multi_cleanup(multi); }
    };

    /// Lets libcurl send and receive what it can now.
    void perform();

    TransportOptions options_;
    std::unique_ptr<CURLM, EndMulti> multi_;
    std::uint64_t last_id_ = 0;
    std::vector<HttpEvent> events_;
    std::map<std::uint64_t, std::unique_ptr<CurlExchange>> exchanges_;
};

}  // namespace servicekit::cluster
