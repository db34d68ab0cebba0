#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "servicectl/web/server.hpp"

namespace servicekit::servicectl {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using PlainSocket = asio::generic::stream_protocol::socket;
using SecureStream = asio::ssl::stream<PlainSocket>;

/// Returns the time as the header Date has it.
inline std::string date_now() {
    const std::time_t now = std::time(nullptr);
    std::tm broken{};
    ::gmtime_r(&now, &broken);
    std::array<char, 64> text{};
    // The process has the locale "C", so the names are English.
    const std::size_t length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &broken);
    return {text.data(), length};
}

/// A connection, as the server sees it.
class AnyConnection {
public:
    virtual ~AnyConnection() = default;
    /// Closes it at once.
    virtual void close() = 0;
    /// Returns true if it waits for the client, with no request and no answer, so nothing is lost if it is closed.
    [[nodiscard]] virtual bool is_waiting() const = 0;
    /// Returns the address of the client; empty on a unix socket.
    [[nodiscard]] virtual const std::string& client() const = 0;
};

/// The connections of a server, and what they share. It lives longer than they do.
struct Connections {
    const web::ServerPlan& plan;
    std::unique_ptr<web::Handler> handler = {};
    std::list<AnyConnection*> all = {};  ///< oldest first
    bool is_ending = false;

    /// Makes room for one more of the client. A client with many that wait loses its own oldest one first.
    /// \returns false if there is none
    bool make_room(const std::string& client) {
        const auto is_its = [&client](const AnyConnection* one) {
            return one->is_waiting() && !client.empty() && one->client() == client;
        };
        const auto its = std::count_if(all.begin(), all.end(), is_its);
        if (static_cast<std::size_t>(its) >= plan.most_waiting_of_client)
            (*std::find_if(all.begin(), all.end(), is_its))->close();
        if (all.size() < plan.most_connections) return true;
        const auto oldest =
            std::find_if(all.begin(), all.end(), [](const AnyConnection* one) { return one->is_waiting(); });
        if (oldest == all.end()) return false;
        (*oldest)->close();
        return true;
    }
};

template <class Stream>
class Connection final : public AnyConnection, public std::enable_shared_from_this<Connection<Stream>> {
    static constexpr bool is_secure = std::is_same_v<Stream, SecureStream>;

public:
    template <class... More>
    Connection(Connections& shared, std::string client, PlainSocket socket, More&... more)
        : shared_{shared},
          client_{std::move(client)},
          stream_{std::move(socket), more...},
          timer_{stream_.get_executor()},
          place_{shared_.all.insert(shared_.all.end(), this)} {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() override { leave(); }

    void start() {
        if constexpr (is_secure) {
            is_waiting_ = true;
            limit(shared_.plan.request_timeout);
            stream_.async_handshake(asio::ssl::stream_base::server,
                                    [self = this->shared_from_this()](const error_code& error) {
                                        error ? self->close() : self->read(self->shared_.plan.request_timeout);
                                    });
        } else {
            read(shared_.plan.request_timeout);
        }
    }

    void close() override {
        if (std::exchange(is_closed_, true)) return;
        leave();
        feed_.reset();
        timer_.cancel();
        error_code ignored;
        stream_.lowest_layer().close(ignored);
    }
    [[nodiscard]] bool is_waiting() const override { return is_waiting_; }
    [[nodiscard]] const std::string& client() const override { return client_; }

private:
    void leave() {
        if (!place_) return;
        shared_.all.erase(*place_);
        place_.reset();
    }

    /// Closes the connection after this time, unless another time is set before.
    void limit(std::chrono::milliseconds time) {
        timer_.expires_after(time);
        timer_.async_wait([self = this->shared_from_this()](const error_code& error) {
            // A wait that is over may still be queued when another time is set.
            if (!error && self->timer_.expiry() <= asio::steady_timer::clock_type::now()) self->close();
        });
    }

    void read(std::chrono::milliseconds at_most) {
        if (is_closed_) return;
        is_waiting_ = true;
        limit(at_most);
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(shared_.plan.longest_header));
        parser_->body_limit(shared_.plan.longest_body);
        http::async_read_header(stream_, buffer_, *parser_,
                                [self = this->shared_from_this()](const error_code& error, std::size_t) {
                                    error ? self->fail(error) : self->read_body();
                                });
    }
    void read_body() {
        if (is_closed_) return;
        limit(shared_.plan.request_timeout);
        http::async_read(stream_, buffer_, *parser_,
                         [self = this->shared_from_this()](const error_code& error, std::size_t) {
                             error ? self->fail(error) : self->handle();
                         });
    }
    void fail(const error_code& error) {
        if (is_closed_) return;
        is_waiting_ = false;
        keeps_alive_ = false;
        if (error == http::error::body_limit) return respond(web::plain(413, "the body of the request is too large"));
        if (error == http::error::header_limit)
            return respond(web::plain(431, "the header of the request is too large"));
        const bool is_malformed = error.category() == http::make_error_code(http::error::bad_method).category() &&
                                  error != http::error::end_of_stream && error != http::error::partial_message;
        if (is_malformed) return respond(web::plain(400, "the request is not valid HTTP"));
        close();
    }

    void handle() {
        if (is_closed_) return;
        is_waiting_ = false;
        auto message = parser_->release();
        keeps_alive_ = message.keep_alive() && !shared_.is_ending;
        is_head_ = message.method() == http::verb::head;
        web::Request request{.method = std::string{message.method_string()},
                             .target = std::string{message.target()},
                             .body = std::move(message.body()),
                             .client = client_};
        for (const auto& field : message)
            request.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
        // An answer may wait for those of the services.
        limit(2 * shared_.plan.idle_timeout);
        shared_.handler->handle(std::move(request), [self = this->shared_from_this()](web::Reply reply) {
            if (self->is_closed_) return;
            if (auto* response = std::get_if<web::Response>(&reply))
                self->respond(std::move(*response));
            else
                self->stream(std::get<std::unique_ptr<web::Feed>>(std::move(reply)));
        });
    }

    void respond(web::Response response) {
        response_ = {};
        response_.version(11);
        response_.result(response.status);
        for (const auto& [name, value] : web::headers_of(response)) response_.insert(name, value);
        response_.set(http::field::date, date_now());
        response_.body() = std::move(response.body);
        response_.keep_alive(keeps_alive_);
        const bool has_body = response.status != 204 && response.status != 304;
        if (has_body) response_.content_length(response_.body().size());
        limit(shared_.plan.write_timeout);
        serializer_.emplace(response_);
        const auto written = [self = this->shared_from_this()](const error_code& error, std::size_t) {
            error ? self->close() : self->go_on();
        };
        if (is_head_)
            http::async_write_header(stream_, *serializer_, written);
        else
            write_some();
    }
    /// Writes the response in parts. A client that reads slowly has the time for each part.
    void write_some() {
        limit(shared_.plan.write_timeout);
        http::async_write_some(stream_, *serializer_,
                               [self = this->shared_from_this()](const error_code& error, std::size_t) {
                                   if (error) return self->close();
                                   if (self->is_closed_) return;
                                   self->serializer_->is_done() ? self->go_on() : self->write_some();
                               });
    }
    void go_on() {
        serializer_.reset();
        response_.body().clear();
        if (is_closed_) return;
        keeps_alive_ && !shared_.is_ending ? read(shared_.plan.idle_timeout) : finish();
    }
    /// Lets the client read the last answer before the connection is closed.
    void finish() {
        constexpr std::chrono::milliseconds patience{2000};
        is_waiting_ = true;
        limit(patience);
        if constexpr (is_secure) {
            stream_.async_shutdown([self = this->shared_from_this()](const error_code&) { self->close(); });
        } else {
            error_code ignored;
            stream_.shutdown(PlainSocket::shutdown_send, ignored);
            discard();
        }
    }
    /// Reads what the client still sends. Otherwise the kernel would reset the connection.
    void discard() {
        stream_.async_read_some(asio::buffer(discarded_),
                                [self = this->shared_from_this()](const error_code& error, std::size_t) {
                                    error ? self->close() : self->discard();
                                });
    }

    void stream(std::unique_ptr<web::Feed> feed) {
        keeps_alive_ = false;
        if (is_head_) {
            feed.reset();
            return respond({.type = "text/event-stream"});
        }
        feed_ = std::move(feed);
        outgoing_ = "HTTP/1.1 200 OK\r\nConnection: close\r\nDate: " + date_now() + "\r\n";
        for (const auto& [name, value] : web::headers_of_stream())
            outgoing_.append(name).append(": ").append(value).append("\r\n");
        outgoing_ += "\r\nretry: 2000\n\n";
        feed_->on_news([weak = this->weak_from_this()] {
            if (const auto self = weak.lock()) self->send_news();
        });
        await_end_of_client();
        send();
    }
    /// A client of a stream sends nothing more, so what arrives is its end.
    void await_end_of_client() {
        stream_.async_read_some(asio::buffer(discarded_),
                                [self = this->shared_from_this()](const error_code&, std::size_t) { self->close(); });
    }
    void send_news() {
        if (is_closed_ || is_sending_ || feed_ == nullptr) return;
        outgoing_ = feed_->next();
        if (!outgoing_.empty()) return send();
        if (feed_->is_over()) close();
    }
    void send() {
        is_sending_ = true;
        limit(shared_.plan.write_timeout);
        // Each part that the client reads gives it more time.
        const auto more = [self = this->shared_from_this(), is_first = true](const error_code& error,
                                                                             std::size_t) mutable -> std::size_t {
            constexpr std::size_t part = std::size_t{64} << 10U;
            if (error || self->is_closed_) return 0;
            if (!std::exchange(is_first, false)) self->limit(self->shared_.plan.write_timeout);
            return part;
        };
        asio::async_write(stream_, asio::buffer(outgoing_), more,
                          [self = this->shared_from_this()](const error_code& error, std::size_t) {
                              self->is_sending_ = false;
                              if (error) return self->close();
                              self->await_news();
                              self->send_news();
                          });
    }
    /// Sends a comment after a long time without news, so that proxies keep the connection open.
    void await_news() {
        if (is_closed_) return;
        timer_.expires_after(shared_.plan.heartbeat);
        timer_.async_wait([self = this->shared_from_this()](const error_code& error) {
            if (error || self->is_closed_ || self->is_sending_) return;
            self->send_news();
            if (self->is_closed_ || self->is_sending_) return;
            self->outgoing_ = ":\n\n";
            self->send();
        });
    }

    Connections& shared_;
    std::string client_;
    Stream stream_;
    asio::steady_timer timer_;
    std::optional<std::list<AnyConnection*>::iterator> place_;
    boost::beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    std::optional<http::response_serializer<http::string_body>> serializer_;
    std::unique_ptr<web::Feed> feed_;
    std::string outgoing_;
    std::array<char, 1024> discarded_{};
    bool is_waiting_ = false;
    bool is_head_ = false;
    bool keeps_alive_ = false;
    bool is_sending_ = false;
    bool is_closed_ = false;
};

}  // namespace servicekit::servicectl
