#pragma once

#include <servicekit/base/value.hpp>
#include <servicekit/cluster/transport.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// A number in etcd. Each write has a token. etcd refuses a write if an earlier one had a larger token.
/// A function throws std::runtime_error if no server answers.
class FencedNumber {
public:
    /// \param endpoints URLs of the servers
    FencedNumber(std::vector<std::string> endpoints, const std::string& key);

    /// Reads the number, which is 0 at first, and excludes all writers with smaller tokens. \throws as write()
    void claim(std::uint64_t token);
    /// \throws servicekit::ErrorReply if another one has written with a greater token
    void write(std::uint64_t token, std::int64_t value);
    /// As of the last claim or write.
    [[nodiscard]] std::int64_t value() const noexcept { return value_; }

private:
    /// Replaces the stored text if the condition holds.
    bool replace(std::string_view condition, const std::string& text);
    /// \returns the stored text; empty if there is none
    std::string stored();
    servicekit::Object request(const std::string& path, const std::string& body);

    std::vector<std::string> endpoints_;
    std::string key_;  ///< in base64
    std::unique_ptr<servicekit::cluster::HttpTransport> transport_;
    std::int64_t value_ = 0;
};
