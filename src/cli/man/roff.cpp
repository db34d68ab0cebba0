#include "cli/man/roff.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/escaped_text.hpp"
#include "base/utf8.hpp"

namespace servicekit::cli {
namespace {

bool is_blank(char letter) { return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r'; }

std::string with_single_blanks(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        if (!is_blank(letter))
            out += letter;
        else if (out.empty() || out.back() != ' ')
            out += ' ';
    }
    return out;
}

/// Returns a line without blanks at its end, and with four blanks for each tab.
std::string without_tabs(std::string_view line) {
    std::string out;
    for (const char letter : line.substr(0, line.find_last_not_of(" \t\r") + 1)) {
        if (letter == '\t')
            out += "    ";
        else
            out += letter;
    }
    return out;
}

/// Returns the name of a character that roff does not print as it is, or takes for a part of its language.
std::string_view name_of_special(char letter) {
    switch (letter) {
        case '\\':
            return "\\e";
        case '-':
            return "\\-";
        case '\'':
            return "\\(aq";
        case '"':
            return "\\(dq";
        case '`':
            return "\\(ga";
        case '^':
            return "\\(ha";
        case '~':
            return "\\(ti";
        default:
            return {};
    }
}

/// \returns the number of bytes that were taken
/// \pre the text begins with a byte of valid UTF-8 that is not ASCII
std::size_t append_code_point(std::string& out, std::string_view text) {
    const std::size_t length = utf8_length(text);
    std::uint32_t code = static_cast<unsigned char>(text.front()) & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) code = code << 6U | (static_cast<unsigned char>(text[i]) & 0x3FU);
    constexpr std::string_view digits = "0123456789ABCDEF";
    constexpr std::uint32_t first_of_five_digits = 0x10000;
    out += "\\[u";
    for (unsigned shift = code < first_of_five_digits        ? 16
                          : code < first_of_five_digits * 16 ? 20
                                                             : 24;
         shift > 0; shift -= 4)
        out += digits[code >> (shift - 4) & 0xFU];
    out += ']';
    return length;
}

/// Returns a text on one line as roff prints it, with its blanks.
std::string for_roff(std::string_view text) {
    const std::string safe = escaped(text);
    // roff warns about a word that fits on no line. `\:` is where it may break the word.
    constexpr std::size_t longest_part = 40;
    std::size_t unbroken = 0;
    std::string out;
    for (std::size_t at = 0; at < safe.size(); ++unbroken) {
        const char letter = safe[at];
        if (letter == ' ') unbroken = 0;
        if (unbroken == longest_part) {
            out += "\\:";
            unbroken = 0;
        }
        if (static_cast<unsigned char>(letter) >= 0x80) {
            at += append_code_point(out, std::string_view{safe}.substr(at));
            continue;
        }
        // A line that begins with a dot is a request.
        if (letter == '.' && (at == 0 || safe[at - 1] == ' ')) out += "\\&";
        const auto special = name_of_special(letter);
        special.empty() ? out += letter : out += special;
        ++at;
    }
    return out;
}

std::string in_font(char font, std::string_view text) {
    return std::string{"\\f"} + font + for_roff(with_single_blanks(text)) + "\\fR";
}

/// Returns true if roff would take the end of a line with this word for the end of a sentence, and add a blank.
bool ends_sentence(std::string_view word) {
    constexpr std::string_view transparent = ")]*";
    while (word.ends_with("\\fR") || word.ends_with("\\(dq") || word.ends_with("\\(aq"))
        word.remove_suffix(word.ends_with("\\fR") ? 3 : 4);
    while (!word.empty() && transparent.find(word.back()) != std::string_view::npos) word.remove_suffix(1);
    return !word.empty() && std::string_view{".?!"}.find(word.back()) != std::string_view::npos;
}

std::string in_quotes(std::string_view text) { return '"' + for_roff(with_single_blanks(text)) + '"'; }

std::string in_capitals(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    });
    return text;
}

}  // namespace

Roff Roff::plain(std::string_view text) { return Roff{for_roff(with_single_blanks(text))}; }
Roff Roff::bold(std::string_view text) { return Roff{in_font('B', text)}; }
Roff Roff::italic(std::string_view text) { return Roff{in_font('I', text)}; }

ManPage::ManPage(const Title& title) {
    // The date is not escaped: one with `\-` is not a date.
    macro(".TH " + in_quotes(in_capitals(title.name)) + " " + in_quotes(std::to_string(title.section)) + " \"" +
          title.date + "\" " + in_quotes(title.source) + " " + in_quotes(title.manual));
    // A hyphen in a command would be taken for a part of it.
    macro(".nh");
    macro(".ad l");
}

void ManPage::section(std::string_view heading) {
    set_tight(false);
    macro(".SH " + in_quotes(heading));
    follows_heading_ = true;
}

void ManPage::subsection(std::string_view heading) {
    set_tight(false);
    macro(".SS " + in_quotes(heading));
    follows_heading_ = true;
}

void ManPage::paragraph(const Roff& text) {
    if (text.empty()) return;
    set_tight(false);
    if (!follows_heading_) macro(".PP");
    lines_of(text);
}

void ManPage::item(const Roff& term, const Roff& text) {
    set_tight(false);
    add_item(term, text);
}

void ManPage::tight_item(const Roff& term, const Roff& text, unsigned width) {
    set_tight(true);
    add_item(term, text, width);
}

void ManPage::line(const Roff& text) {
    macro(".br");
    lines_of(text);
}

void ManPage::bullet(const Roff& text) { add_list_item("\\(bu 2", text); }

void ManPage::numbered(std::string_view number, const Roff& text) { add_list_item(in_quotes(number) + " 4", text); }

void ManPage::add_list_item(std::string_view mark, const Roff& text) {
    set_tight(follows_bullet_);
    macro(".IP " + std::string{mark});
    lines_of(text);
    follows_bullet_ = true;
}

void ManPage::literal(const std::vector<std::string>& lines) {
    set_tight(false);
    if (!follows_heading_) macro(".PP");
    macro(".nf");
    for (const std::string& line : lines) macro("\\&" + for_roff(without_tabs(line)));
    macro(".fi");
}

void ManPage::begin_indent() {
    set_tight(false);
    macro(".RS");
    follows_heading_ = true;
}

void ManPage::end_indent() {
    set_tight(false);
    macro(".RE");
}

void ManPage::add_item(const Roff& term, const Roff& text, unsigned width) {
    macro(width == 0 ? std::string{".TP"} : ".TP " + std::to_string(width));
    std::string_view line = term.code();
    line.remove_suffix(line.size() - std::min(line.find_last_not_of(' ') + 1, line.size()));
    macro(line.empty() ? "\\&" : line);
    lines_of(text);
}

void ManPage::macro(std::string_view line) {
    text_ += line;
    text_ += '\n';
    follows_heading_ = false;
    follows_bullet_ = false;
}

void ManPage::set_tight(bool tight) {
    if (is_tight_ == tight) return;
    // The first of the items has an empty line before it.
    is_tight_ = tight;
    macro(tight ? ".PD 0" : ".PD");
}

void ManPage::lines_of(const Roff& text) {
    constexpr std::size_t longest_line = 76;
    const std::string_view code = text.code();
    // A macro that needs a text must get one.
    if (code.find_first_not_of(' ') == std::string_view::npos) return macro("\\&");
    std::string line;
    std::string_view last;
    const auto end_line = [&] {
        if (line.empty()) return;
        macro(line + (ends_sentence(last) ? "\\&" : ""));
        line.clear();
    };
    for (std::size_t at = 0; at < code.size();) {
        const std::size_t end = std::min(code.find(' ', at), code.size());
        const std::string_view word = code.substr(at, end - at);
        at = end + 1;
        if (word.empty()) continue;
        if (!line.empty() && line.size() + 1 + word.size() > longest_line) end_line();
        if (!line.empty()) line += ' ';
        line += word;
        last = word;
    }
    end_line();
}

}  // namespace servicekit::cli
