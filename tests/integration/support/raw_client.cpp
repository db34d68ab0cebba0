#include "integration/support/raw_client.hpp"

#include <array>
#include <cstring>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <variant>

#include "integration/support/process.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {

using os::Transfer;

RawClient::RawClient(const std::string& socket_path) {
    auto connection = os::posix_local_sockets().connect(socket_path);
    if (!connection) throw std::runtime_error{connection.error().message()};
    connection_ = *std::move(connection);
}

void RawClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const Transfer sent = connection_->send(bytes);
        if (sent.state == Transfer::State::done)
            bytes.remove_prefix(sent.bytes);
        else if (sent.state != Transfer::State::would_block)
            throw std::runtime_error{"cannot send: " + std::string{std::strerror(sent.errno_value)}};
        else if (!connection_->wait_until_writable(patience))
            throw std::runtime_error{"the service takes nothing"};
    }
}

std::string RawClient::line() {
    std::size_t end = 0;
    while ((end = unread_.find('\n')) == std::string::npos)
        if (!receive()) throw std::runtime_error{"the connection ended after '" + unread_ + "'"};
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    return line;
}

Object RawClient::reply() { return object_in(line()); }

std::string RawClient::rest() {
    while (receive()) {
    }
    return std::exchange(unread_, {});
}

bool RawClient::receive() {
    std::array<char, 65536> buffer{};
    for (;;) {
        const Transfer received = connection_->receive(buffer);
        if (received.state == Transfer::State::closed) return false;
        if (received.state == Transfer::State::done) {
            unread_.append(buffer.data(), received.bytes);
            return true;
        }
        if (received.state == Transfer::State::failed)
            throw std::runtime_error{"cannot receive: " + std::string{std::strerror(received.errno_value)}};
        if (!connection_->wait_until_readable(patience))
            throw std::runtime_error{"nothing comes after '" + unread_ + "'"};
    }
}

const Object& error_in(const Object& reply) {
    const Value* error = reply.find("error");
    if (error == nullptr || reply.size() != 1) throw std::runtime_error{"no error: " + to_json(reply)};
    return error->as_object();
}

Object object_in(std::string_view text) {
    const auto parsed = parse_json(text);
    const Value* object = std::get_if<Value>(&parsed);
    if (object == nullptr || !object->is_object()) throw std::runtime_error{"not an object: " + std::string{text}};
    return object->as_object();
}

std::vector<Object> objects_in(const std::string& lines) {
    std::vector<Object> objects;
    std::istringstream rest{lines};
    for (std::string line; std::getline(rest, line);) objects.push_back(object_in(line));
    return objects;
}

std::string text_in(const Object& object, std::string_view key) {
    const Value* text = object.find(key);
    return text != nullptr && text->is_string() ? text->as_string() : std::string{};
}

}  // namespace servicekit::test
