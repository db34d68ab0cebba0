#include "cli/man/markdown.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace servicekit::cli {
namespace {

using Kind = MarkdownBlock::Kind;

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::vector<std::string> cells_of(std::string_view line) {
    std::vector<std::string> cells;
    bool in_code = false;
    std::string cell;
    for (const char letter : line.substr(1)) {
        if (letter == '`') in_code = !in_code;
        if (letter == '|' && !in_code) {
            cells.emplace_back(trimmed(cell));
            cell.clear();
        } else {
            cell += letter;
        }
    }
    return cells;
}

/// Returns the length of the mark of a list at the beginning of a line: "- ", "1. "; 0 if there is none.
std::size_t list_mark(std::string_view line) {
    if (line.starts_with("- ")) return 2;
    return line.size() > 3 && line[0] >= '1' && line[0] <= '9' && line.substr(1, 2) == ". " ? 3 : 0;
}

class Parser {
public:
    std::vector<MarkdownBlock> parse(std::string_view page) {
        while (!page.empty()) {
            const std::size_t end = std::min(page.find('\n'), page.size());
            take(page.substr(0, end));
            page.remove_prefix(std::min(end + 1, page.size()));
        }
        return std::move(blocks_);
    }

private:
    void take(std::string_view line) {
        if (line.starts_with("```")) {
            in_code_ = !in_code_;
            is_open_ = false;
            return;
        }
        if (in_code_) return;
        if (trimmed(line).empty() || line.starts_with("<!--") || line.starts_with("![")) {
            is_open_ = false;
        } else if (line.front() == '#') {
            const std::size_t level = line.find_first_not_of('#');
            blocks_.push_back(
                {.kind = Kind::heading, .level = level, .text = std::string{trimmed(line.substr(level))}});
            is_open_ = false;
        } else if (line.front() == '|') {
            take_row(cells_of(line));
        } else if (const std::size_t mark = list_mark(line); mark > 0) {
            begin(Kind::bullet, line.front() == '-' ? line.substr(mark) : line);
        } else if (is_open_ && blocks_.back().kind != Kind::table) {
            blocks_.back().text += " " + std::string{trimmed(line)};
        } else {
            begin(Kind::paragraph, line);
        }
    }
    void begin(Kind kind, std::string_view text) {
        blocks_.push_back({.kind = kind, .text = std::string{trimmed(text)}});
        is_open_ = true;
    }
    void take_row(std::vector<std::string> cells) {
        if (!is_open_ || blocks_.back().kind != Kind::table) {
            begin(Kind::table, "");
            blocks_.back().table.header = std::move(cells);
            return;
        }
        auto& rows = blocks_.back().table.rows;
        const bool is_rule = std::all_of(cells.begin(), cells.end(), [](const std::string& cell) {
            return !cell.empty() && cell.find_first_not_of('-') == std::string::npos;
        });
        if (is_rule) return;
        cells.resize(blocks_.back().table.header.size());
        rows.push_back(std::move(cells));
    }

    std::vector<MarkdownBlock> blocks_;
    bool in_code_ = false;
    bool is_open_ = false;  ///< the next line may belong to the last block
};

std::string without_marks(std::string text) {
    std::erase(text, '`');
    return text;
}

/// Reads fonts and links.
class Inline {
public:
    Inline(std::string_view text, const NameOfPage& name_of_page) : rest_{text}, name_of_page_{name_of_page} {}

    Roff read() {
        while (!rest_.empty())
            if (!take_code() && !take_bold() && !take_reason() && !take_link()) {
                plain_ += rest_.front();
                rest_.remove_prefix(1);
            }
        end_plain();
        return std::move(roff_);
    }

private:
    void end_plain() {
        if (!plain_.empty()) roff_ += Roff::plain(plain_);
        plain_.clear();
    }
    /// Takes a text between two marks. \returns false if there is none
    bool take_between(std::string_view first, std::string_view last, std::string_view& text) {
        if (!rest_.starts_with(first)) return false;
        const auto end = rest_.find(last, first.size());
        if (end == std::string_view::npos) return false;
        text = rest_.substr(first.size(), end - first.size());
        rest_.remove_prefix(end + last.size());
        return true;
    }
    bool take_code() {
        std::string_view code;
        if (!take_between("`", "`", code)) return false;
        end_plain();
        roff_ += Roff::bold(code);
        return true;
    }
    bool take_bold() {
        std::string_view text;
        if (!take_between("**", "**", text)) return false;
        end_plain();
        roff_ += Roff::bold(without_marks(std::string{text}));
        return true;
    }
    /// A man page has no reasons.
    bool take_reason() {
        std::string_view reason;
        return take_between(" ([why](", "))", reason);
    }
    bool take_link() {
        if (!rest_.starts_with('[')) return false;
        const auto middle = rest_.find("](");
        if (middle == std::string_view::npos) return false;
        const auto end = rest_.find(')', middle);
        if (end == std::string_view::npos) return false;
        const std::string_view words = rest_.substr(1, middle - 1);
        const std::string_view target = rest_.substr(middle + 2, end - middle - 2);
        rest_.remove_prefix(end + 1);
        end_plain();
        const bool names_page = words.ends_with(".md") || words.find_first_not_of("0123456789") == std::string::npos;
        const std::string name = names_page && name_of_page_ ? name_of_page_(target) : std::string{};
        roff_ += name.empty() ? Inline{words, name_of_page_}.read() : Roff::bold(name);
        return true;
    }

    std::string_view rest_;
    const NameOfPage& name_of_page_;
    std::string plain_;
    Roff roff_;
};

std::string with_capital(std::string text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    return text;
}

/// Returns what a row has beside its first cell, as lines.
std::vector<Roff> lines_of(const MarkdownTable& table, const std::vector<std::string>& row, bool is_grouped,
                           const NameOfPage& name_of_page) {
    if (row.size() == 2) return {roff_of(row[1], name_of_page)};
    if (is_grouped && row.size() == 3)
        return {roff_of(row[1], name_of_page) + Roff::plain(": ") + roff_of(row[2], name_of_page)};
    std::vector<Roff> lines;
    for (std::size_t i = 1; i < row.size(); ++i)
        if (!row[i].empty())
            lines.push_back(roff_of(with_capital(table.header[i]) + ": ") + roff_of(row[i], name_of_page));
    return lines;
}

void add_table(ManPage& page, const MarkdownTable& table, const NameOfPage& name_of_page) {
    const bool is_grouped =
        std::any_of(table.rows.begin(), table.rows.end(), [](const auto& row) { return row.front().empty(); });
    for (const auto& row : table.rows) {
        bool begins_item = !row.front().empty();
        for (const Roff& line : lines_of(table, row, is_grouped, name_of_page)) {
            if (begins_item)
                page.item(roff_of(row.front(), name_of_page), line);
            else
                page.line(line);
            begins_item = false;
        }
    }
}

/// Adds "**`name`**: text" as an item, and other text as a bullet.
void add_bullet(ManPage& page, const std::string& text, const NameOfPage& name_of_page) {
    constexpr std::string_view after_term = "**: ";
    const auto end = text.find(after_term);
    if (text.front() >= '1' && text.front() <= '9' && list_mark(text) > 0)
        return page.numbered(text.substr(0, 2), roff_of(text.substr(list_mark(text)), name_of_page));
    if (!text.starts_with("**`") || end == std::string::npos) return page.bullet(roff_of(text, name_of_page));
    page.item(roff_of(text.substr(0, end + 2), name_of_page),
              roff_of(text.substr(end + after_term.size()), name_of_page));
}

}  // namespace

std::vector<MarkdownBlock> parse_markdown(std::string_view page) { return Parser{}.parse(page); }

Roff roff_of(std::string_view markdown, const NameOfPage& name_of_page) {
    return Inline{markdown, name_of_page}.read();
}

MarkdownTable find_table(const std::vector<MarkdownBlock>& blocks, std::string_view first_cell,
                         std::string_view second_cell) {
    for (const MarkdownBlock& block : blocks) {
        if (block.kind != Kind::table || block.table.header.size() < 2) continue;
        if (block.table.header[0] == first_cell && block.table.header[1] == second_cell) return block.table;
    }
    throw std::out_of_range{"no table '" + std::string{first_cell} + " | " + std::string{second_cell} + "'"};
}

std::vector<MarkdownBlock> blocks_below(const std::vector<MarkdownBlock>& blocks, std::string_view heading) {
    const auto is_heading = [](const MarkdownBlock& block) { return block.kind == Kind::heading; };
    const auto found = std::find_if(blocks.begin(), blocks.end(), [&](const MarkdownBlock& block) {
        return is_heading(block) && block.text == heading;
    });
    if (found == blocks.end()) throw std::out_of_range{"no heading '" + std::string{heading} + "'"};
    return {found + 1, std::find_if(found + 1, blocks.end(), is_heading)};
}

void add_blocks(ManPage& page, const std::vector<MarkdownBlock>& blocks, const NameOfPage& name_of_page) {
    for (const MarkdownBlock& block : blocks) {
        switch (block.kind) {
            case Kind::heading:
                if (block.level > 1) page.subsection(without_marks(block.text));
                break;
            case Kind::paragraph:
                page.paragraph(roff_of(block.text, name_of_page));
                break;
            case Kind::bullet:
                add_bullet(page, block.text, name_of_page);
                break;
            case Kind::table:
                add_table(page, block.table, name_of_page);
                break;
        }
    }
}

}  // namespace servicekit::cli
