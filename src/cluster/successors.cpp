#include "cluster/successors.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "cluster/contender_record.hpp"
#include "cluster/etcd_messages.hpp"
#include "cluster/lease_plan.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit::cluster {
namespace {

using std::chrono::milliseconds;

/// Asks one endpoint after the other. \returns an error if the time is over, or each of them failed
Result<EtcdReply> ask_any(EtcdClient& client, HttpTransport& transport, os::Clock& clock, const EtcdRequest& request,
                          os::BootClock::time_point end, milliseconds patience) {
    std::optional<Error> failure;
    for (;;) {
        std::optional<EtcdClient::Answer> answer;
        client.ask(EtcdClient::Channel::main, request, patience);
        while (!answer) {
            const auto left = std::chrono::ceil<milliseconds>(end - clock.boot_now());
            if (left <= milliseconds{0}) break;
            auto unsent = client.take_unsent();
            if (!unsent.empty()) answer = std::move(unsent.front());
            if (answer) break;
            for (const HttpEvent& event : transport.wait(left))
                for (auto& arrived : client.take(event)) answer = std::move(arrived);
        }
        if (!answer)
            return failure.value_or(
                Error{ExitCode::timeout, "ask for", "other instances", "no endpoint of etcd answers"});
        if (auto* const reply = std::get_if<EtcdReply>(&answer->what)) return std::move(*reply);
        failure = std::get<EtcdFault>(answer->what).error;
        if (client.have_all_failed()) return *failure;
    }
}

/// \returns true if the lease was renewed as lately as that of a contender that runs
bool is_renewed(const LeaseState& lease) {
    const milliseconds granted = lease.granted;
    const milliseconds left = lease.ttl + std::chrono::seconds{1};  // etcd has whole seconds
    return granted.count() > 0 && left > granted - granted / 3 - LeasePlan::margin_of(granted);
}

}  // namespace

Result<bool> has_other_contenders(EtcdClient::Options options, HttpTransport& transport, os::Clock& clock,
                                  const std::string& directory, std::int64_t own_revision, milliseconds at_most) {
    const auto end = clock.boot_now() + at_most;
    const milliseconds patience = at_most / static_cast<int>(std::max<std::size_t>(options.endpoints.size(), 1));
    EtcdClient client{std::move(options), transport};
    const auto contenders =
        ask_any(client, transport, clock, Transaction{.then = {Transaction::Read{.key = directory, .is_prefix = true}}},
                end, patience);
    if (!contenders) return contenders.error();
    for (const KeyValue& key : std::get<TransactionReply>(*contenders).reads.front()) {
        if (key.create_revision == own_revision || key.lease == 0 || key.key != key_of_contender(directory, key.lease))
            continue;
        const auto lease = ask_any(client, transport, clock, AskLease{key.lease}, end, patience);
        if (!lease) return lease.error();
        if (is_renewed(std::get<LeaseState>(*lease))) return true;
    }
    return false;
}

}  // namespace servicekit::cluster
