#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicectl/watch/service_table.hpp"
#include "servicectl/web/views.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl::web {

/// The ids of services in URLs. A service has its name as id if this user and root have no other service of this name.
/// All have an id with a hash of their place: `NAME.0123456789ab`, which does not change when another service appears.
class ServiceIds {
public:
    ServiceIds() = default;
    /// \param rows must live as long as this object
    ServiceIds(const std::vector<const ServiceRow*>& rows, const os::Host& host);

    /// \pre the row is one of the rows
    [[nodiscard]] std::string of(const ServiceRow& row) const;
    /// \returns null if no service has the id
    [[nodiscard]] const ServiceRow* find(std::string_view id) const;

private:
    std::map<std::string, const ServiceRow*, std::less<>> rows_;  ///< by each id
    std::map<const ServiceRow*, std::string> ids_;                ///< the shortest ones
};

/// Returns a line of the list, without its requests. Its texts are cut.
[[nodiscard]] ServiceLine line_of(const ServiceRow& row, std::string id);
/// Returns the fields of a status that a line does not have: at most 200, each cut to 1 KiB.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> status_fields(const Object& status);
/// Returns the health checks of a status in words, such as "disk: failed: 3 MB are free (12 s ago)". At most 100.
[[nodiscard]] std::vector<std::string> checks_in_words(const Object& status);
/// Returns the events of a reply to `events` that have a form. Events that a page has in another place are left out, and
/// those that need the role owner are not offered. At most 300 events with 64 parameters each.
/// \param why_not why no event is offered; empty if they are
[[nodiscard]] std::vector<EventForm> event_forms(const Object& reply, const std::string& why_not);
/// Returns true for an event that runs from a form: it is among the forms, and offered.
[[nodiscard]] bool may_run(const std::vector<EventForm>& forms, std::string_view event);

/// Returns the unit of systemd that a process belongs to, and whether it is one of a user's manager.
struct Unit {
    std::string name = {};  ///< empty: none
    bool is_of_user = false;
};
/// \param cgroups the content of /proc/PID/cgroup
[[nodiscard]] Unit unit_in(std::string_view cgroups);

}  // namespace servicekit::servicectl::web
