#include "servicectl/web/pages/assets.hpp"

#include <array>
#include <cstdint>

#include "servicectl/web/pages/asset_texts.hpp"

namespace servicekit::servicectl::web {
namespace {

const std::array<Asset, 3>& all_assets() {
    static const std::array<Asset, 3> all{
        Asset{"/style.css", asset_text::style, "text/css; charset=utf-8"},
        Asset{"/page.js", asset_text::page, "text/javascript; charset=utf-8"},
        Asset{"/icon.svg", asset_text::icon, "image/svg+xml"},
    };
    return all;
}

/// Returns a hash of the text (FNV-1a). It tells versions apart; it does not protect anything.
std::uint64_t version_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
    return hash;
}

}  // namespace

const Asset& style() { return all_assets()[0]; }
const Asset& script() { return all_assets()[1]; }
const Asset& icon() { return all_assets()[2]; }
std::span<const Asset> assets() { return all_assets(); }

Url url_of(const Asset& asset) {
    return Url{asset.path.substr(1)}.query("v", std::to_string(version_of(asset.content)));
}

}  // namespace servicekit::servicectl::web
