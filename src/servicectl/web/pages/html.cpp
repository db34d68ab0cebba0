#include "servicectl/web/pages/html.hpp"

#include <algorithm>

#include "base/escaped_text.hpp"

namespace servicekit::servicectl::web {
namespace {

void append_entities(std::string& out, std::string_view text) {
    constexpr std::string_view special = "&<>\"'";
    while (!text.empty()) {
        const std::size_t plain = std::min(text.find_first_of(special), text.size());
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) return;
        switch (text.front()) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += "&#39;";
        }
        text.remove_prefix(1);
    }
}

/// Appends the text with all bytes encoded that are not unreserved characters of RFC 3986.
void append_encoded(std::string& out, std::string_view text) {
    constexpr std::string_view hexadecimal = "0123456789ABCDEF";
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        const bool is_unreserved = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                                   (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' ||
                                   letter == '_' || letter == '~';
        if (is_unreserved)
            out += letter;
        else
            ((out += '%') += hexadecimal[byte / 16U]) += hexadecimal[byte % 16U];
    }
}

}  // namespace

void append_html_text(std::string& out, std::string_view text) { append_entities(out, escaped(text)); }

Html text_of_lines(std::string_view text) {
    Html html;
    append_entities(html.markup_, escaped(text, Breaks::allow));
    return html;
}

Url::Url(std::initializer_list<std::string_view> parts) {
    if (parts.size() == 0) text_ = "/";
    for (const std::string_view part : parts) {
        text_ += '/';
        append_encoded(text_, part);
        if (part.empty() || part == "." || part == "..") text_ += '~';
    }
}

Url& Url::query(std::string_view name, std::string_view value) {
    text_ += has_query_ ? '&' : '?';
    has_query_ = true;
    append_encoded(text_, name);
    text_ += '=';
    append_encoded(text_, value);
    return *this;
}

Url& Url::fragment(std::string_view id) {
    text_ += '#';
    append_encoded(text_, id);
    return *this;
}

Url Url::within_page(std::string_view id) {
    Url url{};
    url.text_.clear();
    return url.fragment(id);
}

void Attribute::append(std::string_view name, std::string_view value) {
    ((markup_ += ' ') += name) += "=\"";
    append_html_text(markup_, value);
    markup_ += '"';
}

Attribute href(const Url& url) { return {Attribute::Checked{}, "href", url.text()}; }
Attribute src(const Url& url) { return {Attribute::Checked{}, "src", url.text()}; }
Attribute action(const Url& url) { return {Attribute::Checked{}, "action", url.text()}; }
Attribute refresh_every_seconds() { return {Attribute::Checked{}, "http-equiv", "refresh"}; }

ElementWriter::ElementWriter(Tag tag, const Attributes& attributes) : tag_{tag} {
    ((html_.markup_ += '<') += tag.text()) += attributes.markup();
    html_.markup_ += '>';
}

Html ElementWriter::finish() && {
    if (!tag_.is_void()) ((html_.markup_ += "</") += tag_.text()) += '>';
    return std::move(html_);
}

}  // namespace servicekit::servicectl::web
