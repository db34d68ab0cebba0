#include "cluster/contender_record.hpp"

#include <array>
#include <charconv>
#include <variant>

#include "base/escaped_text.hpp"
#include "base/parse_number.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::cluster {
namespace {

/// Returns the beginning of the text, of whole characters.
std::string beginning_of(std::string text, std::size_t most) {
    constexpr unsigned kind_bits = 0xC0;
    constexpr unsigned continuation = 0x80;
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & kind_bits) == continuation) --most;
    text.resize(most);
    return text;
}

}  // namespace

std::string ContenderRecord::to_json() const {
    Object json{{"host", host}, {"pid", pid}, {"since", since}};
    if (lease != 0) {
        json.append("lease", std::to_string(lease));
        json.append("ttl-ms", ttl.count());
        json.append("left", has_left);
    }
    return servicekit::to_json(json);
}

std::optional<ContenderRecord> ContenderRecord::from_json(std::string_view text) {
    const auto parsed = parse_json(text);
    const auto* const value = std::get_if<Value>(&parsed);
    if (value == nullptr || !value->is_object()) return std::nullopt;
    const Object& json = value->as_object();
    // Anyone who may write the key may have written it.
    constexpr std::size_t longest_host = 255;
    constexpr std::size_t longest_time = 64;
    ContenderRecord record{.host = beginning_of(json.get<std::string>("host", ""), longest_host),
                           .pid = json.get<std::int64_t>("pid", 0),
                           .since = beginning_of(json.get<std::string>("since", ""), longest_time)};
    record.lease = parse_number<std::int64_t>(json.get<std::string>("lease", "")).value_or(0);
    record.ttl = std::chrono::milliseconds{json.get<std::int64_t>("ttl-ms", 0)};
    record.has_left = json.get<bool>("left", false);
    return record;
}

std::string ContenderRecord::in_words() const { return "host '" + escaped(host) + "', pid " + std::to_string(pid); }

std::string key_of_contender(const std::string& directory, std::int64_t lease) {
    std::array<char, 16> digits{};
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<std::uint64_t>(lease), 16).ptr;
    return directory + std::string(digits.data(), end);
}

}  // namespace servicekit::cluster
