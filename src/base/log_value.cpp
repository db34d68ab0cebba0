#include "servicekit/base/log_value.hpp"

#define FMT_HEADER_ONLY  // only this file uses fmt: header-only use avoids a run-time dependency
#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <sstream>

#include "servicekit/base/log_format.hpp"

namespace servicekit {
namespace {

void append_plain(std::string& out, const LogValue& value) {
    switch (value.kind()) {
        case LogValue::Kind::boolean:
            out += value.boolean() ? "true" : "false";
            break;
        case LogValue::Kind::character:
            out += value.character();
            break;
        case LogValue::Kind::integer: {
            const fmt::format_int digits{value.integer()};
            out.append(digits.data(), digits.size());
            break;
        }
        case LogValue::Kind::natural: {
            const fmt::format_int digits{value.natural()};
            out.append(digits.data(), digits.size());
            break;
        }
        case LogValue::Kind::number:
            fmt::format_to(std::back_inserter(out), "{}", value.number());
            break;
        case LogValue::Kind::text:
            out += value.text();
            break;
        case LogValue::Kind::pointer:
            fmt::format_to(std::back_inserter(out), "{}", value.pointer());
            break;
        case LogValue::Kind::printed:
            value.append_to(out);
            return;
    }
    out += value.suffix();
}

/// \param placeholder including its braces and a SPEC
void append_by_spec(std::string& out, std::string_view placeholder, const LogValue& value) {
    const auto print = [&](const auto& plain) {
        fmt::vformat_to(std::back_inserter(out), fmt::string_view{placeholder.data(), placeholder.size()},
                        fmt::make_format_args(plain));
    };
    const std::size_t before = out.size();
    try {
        switch (value.kind()) {
            case LogValue::Kind::boolean:
                print(value.boolean());
                break;
            case LogValue::Kind::character:
                print(value.character());
                break;
            case LogValue::Kind::integer:
                print(value.integer());
                break;
            case LogValue::Kind::natural:
                print(value.natural());
                break;
            case LogValue::Kind::number:
                print(value.number());
                break;
            case LogValue::Kind::text:
                print(fmt::string_view{value.text().data(), value.text().size()});
                break;
            case LogValue::Kind::pointer:
                print(value.pointer());
                break;
            case LogValue::Kind::printed: {
                std::string text;
                value.append_to(text);
                print(text);
                break;
            }
        }
        out += value.suffix();
    } catch (const fmt::format_error&) {
        out.resize(before);
        out += placeholder;
        append_plain(out, value);
    }
}

}  // namespace

namespace detail {

void append_streamed(std::string& out, void (*print)(std::ostream& stream, const void* object), const void* object) {
    std::ostringstream stream;
    print(stream, object);
    out += stream.view();
}

}  // namespace detail

void LogValue::append_to(std::string& out) const {
    if (kind_ != Kind::printed) return append_plain(out, *this);
    const std::size_t before = out.size();
    try {
        printed_.print(out, printed_.object);
    } catch (const std::exception& error) {
        out.resize(before);
        out += "(cannot be printed: ";
        out += error.what();
        out += ')';
    }
}

[[gnu::hot]] void append_formatted(std::string& out, std::string_view format, std::span<const LogValue> values) {
    std::size_t next = 0;
    while (!format.empty()) {
        std::size_t brace = 0;  // find_first_of() is slower: it calls a function for each character
        while (brace < format.size() && format[brace] != '{' && format[brace] != '}') ++brace;
        out += format.substr(0, brace);
        if (brace == format.size()) return;
        format.remove_prefix(brace);
        if (format.size() > 1 && format[1] == format[0]) {
            out += format[0];
            format.remove_prefix(2);
            continue;
        }
        const std::size_t size = format.find('}') + 1;
        if (size == 2)
            append_plain(out, values[next]);
        else
            append_by_spec(out, format.substr(0, size), values[next]);
        ++next;
        format.remove_prefix(size);
    }
}

}  // namespace servicekit
