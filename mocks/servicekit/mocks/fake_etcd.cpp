#include "servicekit/mocks/fake_etcd.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <utility>

#include "servicekit/base/json.hpp"
#include "servicekit/mocks/process_exited.hpp"

namespace servicekit::mocks {
namespace {

using std::chrono::milliseconds;

constexpr int http_ok = 200;

struct GatewayError {
    int status;
    int code;
    const char* text;
};
constexpr GatewayError lease_not_found{404, 5, "etcdserver: requested lease not found"};
constexpr GatewayError no_leader{503, 14, "etcdserver: no leader"};
constexpr GatewayError invalid_token{401, 16, "etcdserver: invalid auth token"};
constexpr GatewayError no_user{400, 3, "etcdserver: user name is empty"};
constexpr GatewayError wrong_password{400, 3, "etcdserver: authentication failed, invalid user ID or password"};
constexpr GatewayError no_authentication{412, 9, "etcdserver: authentication is not enabled"};
constexpr GatewayError bad_request{400, 3, "illegal base64 data at input byte 0"};

std::string to_text(const GatewayError& error) {
    return to_json(Object{{"error", error.text}, {"message", error.text}, {"code", error.code}});
}

std::string line(Object result) { return to_json(Object{{"result", std::move(result)}}) + '\n'; }

Object object_from(const std::string& text) {
    auto parsed = parse_json(text);
    auto* const value = std::get_if<Value>(&parsed);
    if (value == nullptr || !value->is_object()) throw std::invalid_argument("not a JSON object: " + text);
    return std::move(*value).as_object();
}

/// Returns the objects that follow each other in a text.
std::vector<Object> objects_from(const std::string& text) {
    std::vector<Object> objects;
    int depth = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '{' && depth++ == 0) begin = i;
        if (text[i] == '}' && --depth == 0) objects.push_back(object_from(text.substr(begin, i + 1 - begin)));
    }
    return objects;
}

std::int64_t whole(const Object& json, std::string_view key) { return std::stoll(json.get<std::string>(key, "0")); }

}  // namespace

/// A request, from its sending to its end.
struct FakeEtcd::Exchange {
    struct Watched {
        std::string key;
        std::int64_t from = 0;
    };
    std::uint64_t id = 0;
    Message message;
    bool is_stream = false;
    bool is_over = false;  ///< for the client
    bool is_created = false;
    std::chrono::microseconds back{0};
    std::map<std::int64_t, Watched> watched = {};
    Transport* transport = nullptr;
};

class FakeEtcd::Transport final : public cluster::HttpTransport {
public:
    Transport(FakeEtcd& etcd, std::string client) : etcd_{&etcd}, client_{std::move(client)} {
        etcd_->transports_.emplace(client_, this);
    }
    ~Transport() override {
        std::erase_if(etcd_->transports_, [this](const auto& known) { return known.second == this; });
        for (const auto& [id, exchange] : exchanges_) end(*exchange);
    }
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    std::uint64_t post(const cluster::HttpRequest& request) override {
        auto exchange = std::make_shared<Exchange>();
        exchange->id = ++last_id_;
        exchange->is_stream = request.is_stream;
        exchange->transport = this;
        const auto path = request.url.find('/', request.url.find("://") + 3);
        const auto urls = etcd_->endpoints();
        const auto node = std::find(urls.begin(), urls.end(), request.url.substr(0, path));
        exchange->message = {client_, static_cast<std::size_t>(node - urls.begin()), request.url.substr(path),
                             request.body, request.authorization};
        exchanges_[exchange->id] = exchange;
        if (node == urls.end()) {
            etcd_->fail(exchange, "Could not resolve host");
            return exchange->id;
        }
        etcd_->at(etcd_->now() + request.timeout, [etcd = etcd_, exchange] {
            if (!exchange->is_stream || !exchange->is_created) etcd->fail(exchange, "Operation timed out");
        });
        etcd_->send(exchange);
        return exchange->id;
    }
    void cancel(std::uint64_t id) override {
        if (const auto found = exchanges_.find(id); found != exchanges_.end()) {
            end(*found->second);
            exchanges_.erase(found);
        }
        std::erase_if(inbox_, [id](const cluster::HttpEvent& event) { return event.exchange == id; });
    }
    std::vector<cluster::HttpEvent> wait(milliseconds at_most) override {
        const Time end_of_wait = etcd_->now() + at_most;
        for (;;) {
            etcd_->settle();
            if (!inbox_.empty() || is_woken_.exchange(false) || etcd_->now() >= end_of_wait) break;
            const Time next = std::min(end_of_wait, etcd_->next_event().value_or(end_of_wait));
            const auto time = std::chrono::ceil<milliseconds>(next - etcd_->now());
            if (etcd_->reactor_ == nullptr) {
                etcd_->clock_->advance(time);
                continue;
            }
            etcd_->reactor_->run_until(
                [this] {
                    etcd_->settle();
                    return !inbox_.empty() || is_woken_;
                },
                "who waits for etcd", time);
            if (etcd_->reactor_->is_killed()) throw os::ProcessExited{};
        }
        return {std::exchange(inbox_, {})};
    }
    void wake() noexcept override { is_woken_ = true; }

    [[nodiscard]] bool has_mail() const { return !inbox_.empty(); }
    void deliver(cluster::HttpEvent event) {
        if (event.is_end) exchanges_.erase(event.exchange);
        inbox_.push_back(std::move(event));
    }

private:
    static void end(Exchange& exchange) {
        exchange.is_over = true;
        exchange.transport = nullptr;
    }

    FakeEtcd* etcd_;
    std::string client_;
    std::uint64_t last_id_ = 0;
    std::map<std::uint64_t, std::shared_ptr<Exchange>> exchanges_;
    std::vector<cluster::HttpEvent> inbox_;
    std::atomic<bool> is_woken_{false};
};

FakeEtcd::FakeEtcd(FakeClock& clock, std::size_t nodes) : clock_{&clock}, nodes_(nodes) {}
FakeEtcd::FakeEtcd(FakeReactor& reactor, std::size_t nodes)
    : clock_{&reactor.clock()}, reactor_{&reactor}, nodes_(nodes) {}
FakeEtcd::~FakeEtcd() = default;

std::vector<std::string> FakeEtcd::endpoints() const {
    std::vector<std::string> urls;
    for (std::size_t i = 0; i < nodes_.size(); ++i) urls.push_back("http://etcd" + std::to_string(i + 1) + ":2379");
    return urls;
}

cluster::TransportFactory FakeEtcd::transport(const std::string& client) {
    return [this, client](const cluster::TransportOptions&) {
        return Result<std::unique_ptr<cluster::HttpTransport>>{std::make_unique<Transport>(*this, client)};
    };
}

void FakeEtcd::set_running(std::size_t node, bool is_running) {
    nodes_.at(node).is_running = is_running;
    if (is_running) return;
    for (const auto& watch : watches_)
        if (const auto exchange = watch.lock(); exchange && exchange->message.node == node)
            fail(exchange, "the connection was closed");
}

void FakeEtcd::set_connected(const std::string& client, std::size_t node, bool is_connected) {
    auto& cut = cut_[client];
    cut.resize(nodes_.size());
    cut.at(node) = !is_connected;
    if (is_connected) feed_watches();
}

void FakeEtcd::set_in_quorum(std::size_t node, bool is_in_quorum) {
    nodes_.at(node).is_in_quorum = is_in_quorum;
    if (is_in_quorum) feed_watches();
}

void FakeEtcd::change_leader() {
    ++store.term;
    store.extend_leases(now());
}

void FakeEtcd::set_stale(std::size_t node, bool is_stale) {
    nodes_.at(node).is_stale = is_stale;
    nodes_.at(node).stale_term = store.term;
    if (is_stale) change_leader();
}

void FakeEtcd::restore(const FakeEtcdStore& backup, bool keeps_cluster_id) {
    const std::uint64_t cluster = keeps_cluster_id ? store.cluster : store.cluster + 1;
    const std::uint64_t term = store.term + 1;
    const std::int64_t last_lease = store.last_lease;
    store = backup;
    // etcd makes ids of the time.
    store.last_lease = last_lease;
    store.cluster = cluster;
    store.term = term;
    store.extend_leases(now());
    for (std::size_t i = 0; i < nodes_.size(); ++i)
        if (nodes_[i].is_running) {
            set_running(i, false);
            nodes_[i].is_running = true;
        }
}

void FakeEtcd::demand_login(std::string user, std::string password) {
    user_ = std::move(user);
    password_ = std::move(password);
}

bool FakeEtcd::reaches(const std::string& client, std::size_t node) const {
    const auto cut = cut_.find(client);
    return cut == cut_.end() || !cut->second.at(node);
}

bool FakeEtcd::has_quorum() const {
    const auto together = std::count_if(nodes_.begin(), nodes_.end(),
                                        [](const Node& node) { return node.is_running && node.is_in_quorum; });
    return static_cast<std::size_t>(together) * 2 > nodes_.size();
}

void FakeEtcd::at(Time time, std::function<void()> call) { agenda_.emplace(time, std::move(call)); }

FakeEtcd::Time FakeEtcd::lease_check() const {
    Time first = Time::max();
    if (has_quorum())
        for (const auto& [id, lease] : store.leases) first = std::min(first, lease.end + store.lateness);
    return first;
}

std::optional<FakeEtcd::Time> FakeEtcd::next_event() const {
    Time next = lease_check();
    if (!agenda_.empty()) next = std::min(next, agenda_.begin()->first);
    return next == Time::max() ? std::nullopt : std::optional{next};
}

bool FakeEtcd::has_mail(const std::string& client) const {
    const auto [first, end] = transports_.equal_range(client);
    return std::any_of(first, end, [](const auto& known) { return known.second->has_mail(); });
}

void FakeEtcd::settle() {
    for (;;) {
        const Time lapse = lease_check();
        const bool has_call = !agenda_.empty() && agenda_.begin()->first <= now();
        if (lapse <= now() && (!has_call || lapse <= agenda_.begin()->first)) {
            store.lapse(lapse);
            feed_watches();
        } else if (has_call) {
            const auto call = std::move(agenda_.begin()->second);
            agenda_.erase(agenda_.begin());
            call();
        } else {
            feed_watches();
            return;
        }
    }
}

void FakeEtcd::send(const std::shared_ptr<Exchange>& exchange) {
    const Fate decided = fate(exchange->message);
    if (decided.is_refused ||
        (!nodes_[exchange->message.node].is_running && reaches(exchange->message.client, exchange->message.node)))
        return at(now() + decided.there, [this, exchange] { fail(exchange, "Couldn't connect to server"); });
    if (decided.is_lost_there) return;
    exchange->back = decided.back;
    at(now() + decided.there, [this, exchange, decided] { arrive(exchange, decided); });
}

void FakeEtcd::arrive(const std::shared_ptr<Exchange>& exchange, const Fate& decided) {
    const Message& message = exchange->message;
    if (!reaches(message.client, message.node) || !nodes_[message.node].is_running) return;
    Reply reply{decided.http_status, decided.body};
    if (decided.http_status == 0) {
        reply = serve(*exchange);
        ++served[message.path];
        if (decided.is_doubled && !exchange->is_stream) static_cast<void>(serve(*exchange));
        feed_watches();
    }
    if (decided.is_lost_back) return;
    if (exchange->is_stream && reply.status == http_ok) return open_watch(exchange);
    answer(exchange, std::move(reply), true);
}

void FakeEtcd::answer(const std::shared_ptr<Exchange>& exchange, Reply reply, bool is_end) {
    at(now() + exchange->back, [this, exchange, reply = std::move(reply), is_end] {
        if (exchange->is_over || !reaches(exchange->message.client, exchange->message.node)) return;
        exchange->is_over = is_end;
        exchange->is_created = true;
        exchange->transport->deliver(
            {.exchange = exchange->id, .is_end = is_end, .status = reply.status, .body = reply.body});
    });
}

void FakeEtcd::fail(const std::shared_ptr<Exchange>& exchange, std::string reason) {
    if (std::exchange(exchange->is_over, true)) return;
    exchange->transport->deliver({.exchange = exchange->id,
                                  .is_end = true,
                                  .fault = cluster::HttpFault::unreachable,
                                  .error = {ExitCode::timeout, "exchange messages with", "etcd", std::move(reason)}});
}

FakeEtcd::Reply FakeEtcd::serve(const Exchange& exchange) {
    const Message& message = exchange.message;
    const auto refuse = [](const GatewayError& error) { return Reply{error.status, to_text(error)}; };
    const Node& node = nodes_[message.node];
    const bool is_keep_alive = message.path == "/v3/lease/keepalive";
    const bool is_probe = message.path == "/v3/lease/timetolive";
    if (!node.is_in_quorum || !has_quorum()) return refuse(no_leader);

    if (message.path == "/v3/auth/authenticate") {
        if (user_.empty()) return refuse(no_authentication);
        const Object login = object_from(message.body);
        if (login.get<std::string>("name", "") != user_ || login.get<std::string>("password", "") != password_)
            return refuse(wrong_password);
        const std::string token = "token." + std::to_string(++last_token_);
        tokens_.insert(token);
        return {http_ok, to_json(Object{{"header", store.header()}, {"token", token}})};
    }
    if (!user_.empty() && message.authorization.empty()) return refuse(no_user);
    if (!user_.empty() && !tokens_.contains(message.authorization)) return refuse(invalid_token);

    const Object header = store.header(
        node.is_stale && (is_keep_alive || is_probe) ? std::optional{node.stale_term} : std::nullopt, message.node + 1);
    const auto with_header = [&header](Object members) {
        Object reply{{"header", header}};
        reply.merge(std::move(members));
        return reply;
    };
    if (exchange.is_stream) return {http_ok, {}};
    const Object request = object_from(message.body);
    if (message.path == "/v3/lease/grant") {
        const auto lease = store.grant(std::chrono::seconds{whole(request, "TTL")}, now());
        return {http_ok, to_json(with_header({{"ID", std::to_string(lease)},
                                              {"TTL", std::to_string(store.leases.at(lease).ttl.count())}}))};
    }
    if (message.path == "/v3/lease/revoke") {
        if (!store.revoke(whole(request, "ID"))) return refuse(lease_not_found);
        return {http_ok, to_json(with_header({}))};
    }
    if (is_keep_alive || is_probe) {
        const auto id = whole(request, "ID");
        Object reply = with_header({{"ID", std::to_string(id)}});
        const auto found = store.leases.find(id);
        if (is_keep_alive) {
            // A leader of the past renews what only it believes in.
            const auto ttl =
                node.is_stale && found != store.leases.end() ? found->second.ttl : store.keep_alive(id, now());
            if (ttl.count() > 0) reply.append("TTL", std::to_string(ttl.count()));
            return {http_ok, line(std::move(reply))};
        }
        if (found == store.leases.end()) {
            reply.append("TTL", "-1");
        } else {
            const auto left = std::chrono::duration_cast<std::chrono::seconds>(found->second.end - now());
            reply.append("TTL", std::to_string(left.count()));
            reply.append("grantedTTL", std::to_string(found->second.ttl.count()));
        }
        return {http_ok, to_json(reply)};
    }
    if (message.path == "/v3/kv/txn") {
        try {
            auto reply = store.run(request);
            if (!reply) return refuse(lease_not_found);
            Object whole_reply{{"header", store.header(std::nullopt, message.node + 1)}};
            whole_reply.merge(std::move(*reply));
            return {http_ok, to_json(whole_reply)};
        } catch (const std::invalid_argument&) {
            return refuse(bad_request);
        }
    }
    return {404, "Not Found\n"};
}

void FakeEtcd::open_watch(const std::shared_ptr<Exchange>& exchange) {
    std::string lines;
    for (const Object& request : objects_from(exchange->message.body)) {
        const Object& create = request.get<Object>("create_request");
        const auto id = whole(create, "watch_id");
        exchange->watched[id] = {decoded_base64(create.get<std::string>("key")), whole(create, "start_revision")};
        lines += line({{"header", store.header(std::nullopt, exchange->message.node + 1)},
                       {"watch_id", std::to_string(id)},
                       {"created", true}});
    }
    watches_.push_back(exchange);
    answer(exchange, {http_ok, std::move(lines)}, false);
    feed_watches();
}

void FakeEtcd::feed_watches() {
    std::erase_if(watches_, [](const std::weak_ptr<Exchange>& watch) {
        const auto exchange = watch.lock();
        return !exchange || exchange->is_over;
    });
    const auto watches = watches_;
    for (const auto& weak : watches) {
        const auto exchange = weak.lock();
        const Node& node = nodes_[exchange->message.node];
        // What a client misses while it is cut off comes later, as TCP does it.
        if (!node.is_in_quorum || !reaches(exchange->message.client, exchange->message.node)) continue;
        std::string lines;
        for (auto& [id, watched] : exchange->watched) {
            const auto first = std::lower_bound(
                store.changes.begin(), store.changes.end(), watched.from,
                [](const FakeEtcdStore::Change& change, std::int64_t from) { return change.revision < from; });
            for (auto change = first; change != store.changes.end(); ++change) {
                if (change->key != watched.key) continue;
                Object event{{"kv", Object{{"key", encoded_base64(change->key)},
                                           {"mod_revision", std::to_string(change->revision)}}}};
                if (change->is_deletion) event.append("type", "DELETE");
                lines += line({{"header", store.header(std::nullopt, exchange->message.node + 1)},
                               {"watch_id", std::to_string(id)},
                               {"events", Value::List{std::move(event)}}});
            }
            watched.from = std::max(watched.from, store.revision + 1);
        }
        if (!lines.empty()) answer(exchange, {http_ok, std::move(lines)}, false);
    }
}

}  // namespace servicekit::mocks
