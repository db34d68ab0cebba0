#include "cluster/curl/curl_exchange.hpp"

#include <new>
#include <string_view>
#include <utility>

namespace servicekit::cluster {
namespace {

/// Sets an option. The options are those of libcurl 7.74, so that this cannot fail except for lack of memory, and then
/// the request fails, too.
template <class Argument>
void set_option(CURL* easy, CURLoption option, Argument argument) {
    static_cast<void>(::curl_easy_setopt(easy, option, argument));
}

/// Makes a socket that the children of the service do not inherit.
curl_socket_t open_socket(void* /*user*/, curlsocktype /*purpose*/, curl_sockaddr* address) noexcept {
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

struct Failure {
    HttpFault fault;
    std::string_view meaning;  ///< what comes before libcurl's own words
};

Failure failure_of(CURLcode code, std::string_view text) {
    const auto says = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
    switch (code) {
        case CURLE_PEER_FAILED_VERIFICATION:
            return {HttpFault::untrusted, "its certificate is not accepted: "};
        case CURLE_SSL_CERTPROBLEM:
            return {HttpFault::misconfigured, "the client's certificate cannot be used: "};
        case CURLE_SSL_CACERT_BADFILE:
            return {HttpFault::misconfigured, "the file of authorities cannot be used: "};
        case CURLE_URL_MALFORMAT:
        case CURLE_SSL_ENGINE_NOTFOUND:
        case CURLE_NOT_BUILT_IN:
            return {HttpFault::misconfigured, ""};
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_BAD_CONTENT_ENCODING:
            return {HttpFault::foreign, "it does not speak HTTP: "};
        case CURLE_GOT_NOTHING:
            return {HttpFault::unreachable, "it ended the connection, perhaps as it speaks TLS (https://): "};
        case CURLE_SSL_CONNECT_ERROR:
            if (says("wrong version number") || says("unknown protocol") || says("packet length"))
                return {HttpFault::foreign, "it does not speak TLS: "};
            [[fallthrough]];
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
            if (says("SYSCALL"))
                return {HttpFault::unreachable, "it ended the connection, perhaps as it does not speak TLS: "};
            if (says(" alert ")) return {HttpFault::untrusted, "it does not accept the client's certificate: "};
            return {HttpFault::unreachable, ""};
        default:
            return {HttpFault::unreachable, ""};
    }
}

}  // namespace

CurlExchange::CurlExchange(std::uint64_t id, const HttpRequest& request, const TransportOptions& options,
                           std::vector<HttpEvent>& events)
    : id_{id}, is_stream_{request.is_stream}, limit_{options.reply_limit}, events_{&events}, easy_{::curl_easy_init()} {
    if (!easy_) return;
    CURL* const easy = easy_.get();
    set_option(easy, CURLOPT_PRIVATE, this);
    set_option(easy, CURLOPT_ERRORBUFFER, error_.data());
    set_option(easy, CURLOPT_WRITEFUNCTION, &CurlExchange::receive);
    set_option(easy, CURLOPT_WRITEDATA, this);
    set_option(easy, CURLOPT_URL, request.url.c_str());
    set_option(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set_option(easy, CURLOPT_COPYPOSTFIELDS, request.body.c_str());
    set_option(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set_option(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.timeout.count()));
    if (!is_stream_) set_option(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    set_option(easy, CURLOPT_NOSIGNAL, 1L);
    set_option(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    if (!options.uses_proxy) set_option(easy, CURLOPT_PROXY, "");
    const auto probe = static_cast<long>(std::chrono::ceil<std::chrono::seconds>(options.idle_probe).count());
    set_option(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set_option(easy, CURLOPT_TCP_KEEPIDLE, probe);
    set_option(easy, CURLOPT_TCP_KEEPINTVL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    // A name server that does not answer must not delay the end of a request.
    set_option(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    set_security(options);
    add_header("Content-Type: application/json");
    add_header("Expect:");
    // A member that has no leader answers so at once, and ends watches.
    add_header("Grpc-Metadata-hasleader: true");
    if (!request.authorization.empty()) add_header("Authorization: " + request.authorization);
    set_option(easy, CURLOPT_HTTPHEADER, headers_.get());
}

void CurlExchange::add_header(const std::string& line) {
    curl_slist* const longer = ::curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc{};
    static_cast<void>(headers_.release());
    headers_.reset(longer);
}

void CurlExchange::set_security(const TransportOptions& options) {
    CURL* const easy = easy_.get();
    const auto set_file = [&](CURLoption option, const std::string& path) {
        if (!path.empty()) set_option(easy, option, path.c_str());
    };
    set_file(CURLOPT_CAINFO, options.ca_file);
    // Only the authorities of the file count, if there is one.
    if (!options.ca_file.empty()) set_option(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    set_file(CURLOPT_SSLCERT, options.certificate_file);
    set_file(CURLOPT_SSLKEY, options.key_file.empty() ? options.certificate_file : options.key_file);
#if LIBCURL_VERSION_NUM >= 0x075500
    set_option(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    set_option(easy, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

int CurlExchange::status() const {
    long status = 0;
    static_cast<void>(::curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status));
    return static_cast<int>(status);
}

std::size_t CurlExchange::receive(char* bytes, std::size_t one, std::size_t count, void* self) noexcept {
    auto& exchange = *static_cast<CurlExchange*>(self);
    const std::size_t size = one * count;
    constexpr std::size_t refused = 0;
    try {
        if (exchange.is_stream_) {
            exchange.events_->push_back(
                {.exchange = exchange.id_, .status = exchange.status(), .body = std::string(bytes, size)});
        } else {
            exchange.is_too_long_ = exchange.body_.size() + size > exchange.limit_;
            if (exchange.is_too_long_) return refused;
            exchange.body_.append(bytes, size);
        }
    } catch (const std::bad_alloc&) {
        return refused;
    }
    return size;
}

HttpEvent CurlExchange::end(CURLcode result) const {
    HttpEvent event{.exchange = id_, .is_end = true, .status = status(), .body = body_};
    if (result == CURLE_OK) return event;
    event.fault = HttpFault::foreign;
    std::string reason = "its reply is longer than " + std::to_string(limit_) + " bytes";
    if (!is_too_long_) {
        std::string_view text = error_.front() != '\0' ? error_.data() : ::curl_easy_strerror(result);
        while (text.ends_with(' ')) text.remove_suffix(1);
        const Failure failure = failure_of(result, text);
        event.fault = failure.fault;
        reason = std::string{failure.meaning} + std::string{text};
    }
    event.error = {ExitCode::timeout, "exchange messages with", "etcd", std::move(reason)};
    return event;
}

}  // namespace servicekit::cluster
