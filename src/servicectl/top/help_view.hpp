#pragma once

#include <cstddef>

#include "servicectl/top/line_window.hpp"
#include "servicectl/top/list_view.hpp"
#include "servicectl/top/screen.hpp"

namespace servicekit::servicectl::top {

/// The keys of all views.
class HelpView {
public:
    Wish take(const Key& key);
    [[nodiscard]] Page page(Size size, const Width& width);

private:
    std::size_t first_ = 0;
};

}  // namespace servicekit::servicectl::top
