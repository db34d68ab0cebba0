#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "servicectl/places.hpp"
#include "servicectl/survey.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl {

/// Which services `list` and `top` show.
struct ListingScope {
    std::vector<std::string> patterns = {};  ///< of names; empty: all
    bool all = false;                        ///< also services that have ended
    bool all_users = false;                  ///< patterns match the services of other users, too
    std::chrono::milliseconds timeout{500};  ///< how long to wait for the answers
};

/// One service of the list.
struct ListedService {
    Place place;
    Finding finding;
    Object fields;  ///< as `list --json` prints them; not escaped
};

struct Listing {
    std::vector<ListedService> services = {};  ///< sorted by name
    std::size_t of_others = 0;                 ///< services of other users that the patterns left out
    std::size_t not_asked = 0;                 ///< services for which there was no time or no descriptor
};

/// Finds the services and asks each for its status. Waits for the timeout at most.
/// \param stop ends the wait early; the services that have not answered then are hung
[[nodiscard]] Listing list_services(const ListingScope& scope, const os::Host& host, const std::stop_token& stop = {});

/// Returns true if a service reports a role. Then the table has a column for it.
[[nodiscard]] bool has_roles(const Listing& listing) noexcept;
/// Returns the header of the table: "NAME", "STATE", ...
[[nodiscard]] std::vector<std::string> list_header(bool has_roles);
/// Returns the cells below the header: escaped, and short enough for a screen.
/// \param cpu the cell below CPU; nothing: the processor time since the start
[[nodiscard]] std::vector<std::string> list_cells(const ListedService& listed, bool has_roles,
                                                  const std::optional<std::string>& cpu = std::nullopt);

}  // namespace servicekit::servicectl
