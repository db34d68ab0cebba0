#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/man/roff.hpp"

namespace servicekit::cli {

/// A table of a page in Markdown, with the text of its cells as it is in the page. Each row has as many cells as the
/// header. A row that continues the one above it has an empty first cell.
struct MarkdownTable {
    std::vector<std::string> header = {};
    std::vector<std::vector<std::string>> rows = {};
};

/// One block of a page in Markdown. Images, comments and fenced code are left out.
struct MarkdownBlock {
    enum class Kind { heading, paragraph, bullet, table };
    Kind kind = Kind::paragraph;
    std::size_t level = 0;  ///< of a heading: 1 is the title of the page
    std::string text = {};  ///< of all but a table
    MarkdownTable table = {};
};

/// Reads the Markdown that the pages in docs/ use.
[[nodiscard]] std::vector<MarkdownBlock> parse_markdown(std::string_view page);

/// Returns the text in man pages for a link to a page in docs/ that shows the name of this page. Empty: the name itself.
using NameOfPage = std::function<std::string(std::string_view target)>;

/// Returns text in Markdown with its fonts: code is bold. A link becomes its text, and `([why](TARGET))` is left out.
[[nodiscard]] Roff roff_of(std::string_view markdown, const NameOfPage& name_of_page = {});

/// Finds a table by the first two cells of its header. \throws std::out_of_range if there is none
[[nodiscard]] MarkdownTable find_table(const std::vector<MarkdownBlock>& blocks, std::string_view first_cell,
                                       std::string_view second_cell);

/// Returns the blocks between a heading and the next heading of any level. \throws std::out_of_range if there is none
[[nodiscard]] std::vector<MarkdownBlock> blocks_below(const std::vector<MarkdownBlock>& blocks,
                                                      std::string_view heading);

/// Adds blocks to a page, without the title. A row of a table becomes an item: the first cell is its term. If there are
/// more than two columns, each further cell that is not empty becomes a line with the header of its column. If rows of
/// a table with three columns continue others, their second and third cells become one line.
void add_blocks(ManPage& page, const std::vector<MarkdownBlock>& blocks, const NameOfPage& name_of_page);

}  // namespace servicekit::cli
