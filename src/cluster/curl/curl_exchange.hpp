#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "servicekit/cluster/transport.hpp"

namespace servicekit::cluster {

/// One request and its reply, as an easy handle of libcurl.
class CurlExchange {
public:
    /// \param events gets the parts of a stream as they arrive; it must live longer
    CurlExchange(std::uint64_t id, const HttpRequest& request, const TransportOptions& options,
                 std::vector<HttpEvent>& events);
    CurlExchange(const CurlExchange&) = delete;
    CurlExchange& operator=(const CurlExchange&) = delete;

    /// nullptr if libcurl had no memory for it
    [[nodiscard]] CURL* handle() const noexcept { return easy_.get(); }
    /// Returns the event of its end.
    [[nodiscard]] HttpEvent end(CURLcode result) const;

private:
    struct EndEasy {
        void operator()(CURL* easy) const noexcept { ::curl_easy_cleanup(easy); }
    };
    struct EndList {
        void operator()(curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
    };

    static std::size_t receive(char* bytes, std::size_t one, std::size_t count, void* self) noexcept;
    void add_header(const std::string& line);
    void set_security(const TransportOptions& options);
    [[nodiscard]] int status() const;

    std::uint64_t id_;
    bool is_stream_;
    bool is_too_long_ = false;
    std::size_t limit_;
    std::vector<HttpEvent>* events_;
    std::string body_;
    std::array<char, CURL_ERROR_SIZE> error_{};
    std::unique_ptr<curl_slist, EndList> headers_;
    std::unique_ptr<CURL, EndEasy> easy_;
};

}  // namespace servicekit::cluster
