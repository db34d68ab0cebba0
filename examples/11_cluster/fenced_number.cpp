#include "fenced_number.hpp"

#include <servicekit/base/json.hpp>
#include <servicekit/core/event.hpp>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <utility>
#include <variant>

using namespace std::chrono_literals;
using servicekit::Object, servicekit::Value;

namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// etcd's JSON has keys and values in base64.
std::string to_base64(std::string_view bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8U | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i) text += at + i <= bytes.size() ? digits[group >> (18 - 6 * i) & 63U] : '=';
    }
    return text;
}

std::string from_base64(std::string_view text) {
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text.substr(0, text.find('='))) {
        bits = bits << 6U | static_cast<std::uint32_t>(digits.find(c));
        if ((count += 6) >= 8) bytes += static_cast<char>(bits >> (count -= 8) & 0xFFU);
    }
    return bytes;
}

// All tokens have this length, so that their texts have the same order as the numbers.
constexpr std::size_t token_size = 20;

std::string padded(std::uint64_t token) {
    const std::string text = std::to_string(token);
    return std::string(token_size - text.size(), '0') + text;
}

std::string text_of(std::uint64_t token, std::int64_t value) { return padded(token) + " " + std::to_string(value); }

std::int64_t value_in(const std::string& text) {
    return text.size() > token_size ? std::strtoll(text.c_str() + token_size, nullptr, 10) : 0;
}

}  // namespace

FencedNumber::FencedNumber(std::vector<std::string> endpoints, const std::string& key)
    : endpoints_{std::move(endpoints)}, key_{to_base64(key)} {
    auto transport = servicekit::cluster::make_curl_transport({});
    if (!transport) throw std::runtime_error{transport.error().message()};
    transport_ = std::move(*transport);
}

void FencedNumber::claim(std::uint64_t token) {
    // A write may come in between; it fails or is read in the next round.
    for (;;) {
        const std::string text = stored();
        const std::string unchanged = text.empty() ? R"("target":"CREATE","create_revision":0)"
                                                   : R"("target":"VALUE","value":")" + to_base64(text) + "\"";
        if (text.substr(0, token_size) > padded(token))
            throw servicekit::ErrorReply{"the last writer had a greater token"};
        value_ = value_in(text);
        if (replace(R"("result":"EQUAL",)" + unchanged, text_of(token, value_))) return;
    }
}

void FencedNumber::write(std::uint64_t token, std::int64_t value) {
    // The stored text is less than this if its token is not greater.
    const std::string limit = padded(token) + "~";
    if (!replace(R"("result":"LESS","target":"VALUE","value":")" + to_base64(limit) + "\"", text_of(token, value)))
        throw servicekit::ErrorReply{"refused: the last writer had a greater token than " + std::to_string(token)};
    value_ = value;
}

bool FencedNumber::replace(std::string_view condition, const std::string& text) {
    const Object reply = request("/v3/kv/txn", R"({"compare":[{"key":")" + key_ + "\"," + std::string{condition} +
                                                   R"(}],"success":[{"request_put":{"key":")" + key_ +
                                                   R"(","value":")" + to_base64(text) + R"("}}]})");
    return reply.get<bool>("succeeded", false);
}

std::string FencedNumber::stored() {
    const Object reply = request("/v3/kv/range", R"({"key":")" + key_ + "\"}");
    const auto found = reply.get<Value::List>("kvs", {});
    return found.empty() ? "" : from_base64(found.front().as_object().get<std::string>("value", ""));
}

Object FencedNumber::request(const std::string& path, const std::string& body) {
    std::string failure = "no server is set";
    for (const std::string& endpoint : endpoints_) {
        const auto exchange = transport_->post({.url = endpoint + path, .body = body, .timeout = 2s});
        for (bool is_over = false; !is_over;) {
            for (const auto& event : transport_->wait(1s)) {
                if (event.exchange != exchange || !event.is_end) continue;
                is_over = true;
                const auto parsed = servicekit::parse_json(event.body);
                const auto* const reply = std::get_if<Value>(&parsed);
                if (event.status == 200 && reply != nullptr && reply->is_object()) return reply->as_object();
                failure = endpoint + " answers: " + (event.status == 0 ? event.error.message() : event.body);
            }
        }
    }
    throw std::runtime_error{failure};
}
