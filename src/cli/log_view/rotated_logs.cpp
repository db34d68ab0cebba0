#include "cli/log_view/rotated_logs.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "base/age_order.hpp"
#include "base/path_parts.hpp"
#include "policies/log/file/rotation_stamp.hpp"

namespace servicekit::cli {
namespace {

/// The name of a rotated file, without the log's name.
struct Name {
    enum class Kind { stamped, dated, numbered };

    Kind kind;
    std::string middle;  ///< the part between the log's name and the compression
    std::string compression;
};

bool is_number(std::string_view text, std::size_t least, std::size_t most) {
    return text.size() >= least && text.size() <= most &&
           std::all_of(text.begin(), text.end(), [](char letter) { return letter >= '0' && letter <= '9'; });
}

/// Returns true for YYYYMMDD, optionally followed by what logrotate's dateformat may add: the hour, or `-` and seconds.
bool is_date(std::string_view text) {
    const std::size_t dash = text.find('-');
    if (dash != std::string_view::npos && !is_number(text.substr(dash + 1), 1, 12)) return false;
    return is_number(text.substr(0, dash), 8, 10);
}

std::optional<Name> parse(std::string_view name, std::string_view log_name) {
    if (!name.starts_with(log_name)) return std::nullopt;
    name.remove_prefix(log_name.size());
    Name parsed{};
    for (const std::string_view compression : {".gz", ".xz", ".bz2", ".zst"}) {
        if (!name.ends_with(compression)) continue;
        parsed.compression = compression;
        name.remove_suffix(compression.size());
        break;
    }
    parsed.middle = name;
    if (name.empty()) return std::nullopt;
    const std::string_view rest = name.substr(1);
    constexpr std::size_t most_digits = 9;
    if (name.front() == '-' && policies::is_rotation_stamp(rest))
        parsed.kind = Name::Kind::stamped;
    else if (name.front() == '-' && is_date(rest))
        parsed.kind = Name::Kind::dated;
    else if (name.front() == '.' && is_number(rest, 1, most_digits))
        parsed.kind = Name::Kind::numbered;
    else
        return std::nullopt;
    return parsed;
}

struct Placed {
    Name::Kind kind;
    std::string rank;  ///< grows with time, among files of the same kind
    std::string time;  ///< as a stamp; empty if unknown
    RotatedLog log;
};

/// Returns a text that grows as the number gets lower, since lower numbers are later.
std::string rank_of_number(std::string_view digits) {
    constexpr std::uint64_t beyond = 1'000'000'000;
    return std::to_string(2 * beyond - std::stoull(std::string{digits}));
}

}  // namespace

std::vector<std::string> logs_rotated_by_service(const std::string& log_path, const std::vector<std::string>& names) {
    std::vector<std::string> paths;
    for (const std::string& name : names) {
        const auto parsed = parse(name, file_name_of(log_path));
        const bool is_ours = parsed && parsed->kind == Name::Kind::stamped;
        if (is_ours && (parsed->compression.empty() || parsed->compression == ".gz"))
            paths.push_back(log_path + parsed->middle);
    }
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    return paths;
}

std::vector<RotatedLog> rotated_logs(os::Files& files, const std::string& log_path,
                                     const std::vector<std::string>& names, std::chrono::system_clock::time_point now) {
    const std::string latest = policies::rotation_stamp(now + AgeOrder::slack);
    std::vector<Placed> placed;
    for (const std::string& name : names) {
        auto parsed = parse(name, file_name_of(log_path));
        if (!parsed) continue;
        RotatedLog log{.path = log_path + parsed->middle, .compression = parsed->compression, .modified = {}};
        const auto status = files.status(log.path + log.compression, os::Links::follow);
        // A file that was compressed or removed since is noticed when it is opened.
        const bool is_known = status && status->has_value();
        if (is_known && (*status)->type != os::FileType::regular) continue;
        log.modified = is_known ? (*status)->modified : std::chrono::system_clock::time_point::max();
        std::string rank =
            parsed->kind == Name::Kind::numbered ? rank_of_number(parsed->middle.substr(1)) : parsed->middle.substr(1);
        std::string time;
        if (parsed->kind == Name::Kind::stamped)
            time = parsed->middle.substr(1);
        else if (is_known)
            time = policies::rotation_stamp(log.modified);
        if (time > latest) time.clear();
        placed.push_back({parsed->kind, std::move(rank), std::move(time), std::move(log)});
    }
    // Files of one kind are in the order of their names, whatever has touched them since. The kinds are merged by time.
    const AgeOrder is_older{latest};
    std::stable_sort(placed.begin(), placed.end(), [&is_older](const Placed& a, const Placed& b) {
        if (a.kind != b.kind) return a.kind < b.kind;
        return a.kind == Name::Kind::numbered ? a.rank < b.rank : is_older(a.rank, b.rank);
    });
    for (std::size_t i = 1; i < placed.size(); ++i)
        if (placed[i].kind == placed[i - 1].kind) placed[i].time = std::max(placed[i].time, placed[i - 1].time);
    std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) { return a.time < b.time; });

    std::vector<RotatedLog> logs;
    std::set<std::string> paths;
    // Both exist while one is being compressed into the other.
    for (Placed& one : placed)
        if (paths.insert(one.log.path).second) logs.push_back(std::move(one.log));
    return logs;
}

}  // namespace servicekit::cli
