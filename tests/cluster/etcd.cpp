#include "cluster/etcd.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>
#include <variant>

#include "integration/support/text_file.hpp"
#include "prometheus/http.hpp"
#include "prometheus/prometheus_server.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string node_name(int node) { return "node" + std::to_string(node); }

/// etcd waits for fdatasync(2) in each write, which takes nothing in memory.
std::string new_directory() {
    std::string path =
        (fs::is_directory("/dev/shm") ? fs::path{"/dev/shm"} : fs::temp_directory_path()) / "servicekit-etcd-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error{"cannot make the directory " + path};
    return path;
}

std::FILE* open_remover(const std::string& directory) {
    const std::string script = "trap '' HUP INT TERM; cat; until rm -rf " + directory + "; do sleep 0.1; done";
    std::FILE* const made = ::popen(script.c_str(), "we");
    if (made == nullptr) throw std::runtime_error{"cannot start a shell"};
    return made;
}

/// \returns the object in the text; nothing if it is not one
std::optional<Object> json_object(const std::string& text) {
    const auto parsed = parse_json(text);
    const auto* const value = std::get_if<Value>(&parsed);
    if (value == nullptr || !value->is_object()) return std::nullopt;
    return value->as_object();
}

std::string text_of(const Object& object, std::string_view key) {
    const Value* const found = object.find(key);
    return found != nullptr && found->is_string() ? found->as_string() : std::string{};
}

}  // namespace

std::string to_base64(std::string_view bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8U | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            text += at + i <= bytes.size() ? base64_digits[group >> (18 - 6 * i) & 63U] : '=';
    }
    return text;
}

std::string from_base64(std::string_view text) {
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const auto digit = base64_digits.find(c);
        if (digit == std::string_view::npos) break;  // padding
        bits = bits << 6U | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
    }
    return bytes;
}

std::string range_end(std::string prefix) {
    ++prefix.back();
    return prefix;
}

std::string Etcd::obstacle() {
    for (const char* program : {"etcd", "etcdctl", "curl", "setpriv"})
        if (!is_installed(program)) return std::string{program} + " is not installed";
    return "";
}

Etcd::Etcd() : Etcd{Options{}} {}

Etcd::Etcd(Options options)
    : options_{std::move(options)}, directory_{new_directory()}, remover_{open_remover(directory_)} {
    std::string all;
    for (int node = 0; node < options_.nodes; ++node) {
        Node made;
        made.address = "127.0.0.1";
        if (options_.network != nullptr) {
            made.address = Network::address_of(node);
        } else {
            made.client_port = free_port();
            made.peer_port = free_port();
        }
        all +=
            (node == 0 ? "" : ",") + node_name(node) + "=http://" + made.address + ":" + std::to_string(made.peer_port);
        nodes_.push_back(std::move(made));
    }
    write_file(file("members"), all);
    for (int node = 0; node < size(); ++node) start(node);
    await_health();
}

Etcd::~Etcd() {
    nodes_.clear();
    ::pclose(remover_);
}

std::string Etcd::url(int node) const {
    return (options_.is_plain ? "http://" : "https://") + at(node).address + ":" + std::to_string(at(node).client_port);
}

Value::List Etcd::urls() const {
    Value::List all;
    for (int node = 0; node < size(); ++node) all.emplace_back(url(node));
    return all;
}

void Etcd::start(int node) {
    Node& made = at(node);
    const std::string peer = "http://" + made.address + ":" + std::to_string(made.peer_port);
    Strings arguments{"sh", "-c", "exec \"$@\" >>" + file(node_name(node) + ".log") + " 2>&1", "etcd", "etcd"};
    for (const std::string& argument :
         {"--name=" + node_name(node), "--data-dir=" + file(node_name(node)), "--listen-client-urls=" + url(node),
          "--advertise-client-urls=" + url(node), "--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
          "--initial-cluster=" + read_file(file("members")), "--initial-cluster-token=" + directory_,
          std::string{"--logger=zap"}, std::string{"--log-level=warn"}})
        arguments.push_back(argument);
    arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
    Command command{.arguments = arguments, .variables = {{"GOMAXPROCS", "2"}}};
    if (options_.network != nullptr) command = options_.network->on(node, command);
    made.process = std::make_unique<RunningCommand>(mortal(command));
}

void Etcd::signal(int node, int signal) const { at(node).process->signal(signal); }

void Etcd::end(int node, int signal) {
    at(node).process->signal(signal);
    at(node).process->signal(SIGCONT);
    static_cast<void>(at(node).process->finish());
}

const Etcd::Node& Etcd::at(int node) const { return nodes_.at(static_cast<std::size_t>(node)); }

Etcd::Node& Etcd::at(int node) { return nodes_.at(static_cast<std::size_t>(node)); }

Outcome Etcd::curl(int node, const std::string& path, const Strings& arguments) const {
    // Within the time in which a node without a majority gives up.
    Strings all{"curl", "-sS", "--noproxy", "*", "--max-time", "4", "-w", "\n%{http_code}"};
    all.insert(all.end(), options_.curl.begin(), options_.curl.end());
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.push_back(url(node) + path);
    return run_command({.arguments = all});
}

bool Etcd::is_healthy(int node) const {
    if (at(node).process->has_ended())
        throw std::runtime_error{"etcd has ended: " + read_file(file(node_name(node) + ".log"))};
    // A linearizable read, which needs a majority.
    return curl(node, "/health", {}).out.find("\"true\"") != std::string::npos;
}

void Etcd::await_health() {
    for (int node = 0; node < size(); ++node)
        await_scrapes("etcd's " + node_name(node) + " is healthy", [&] { return is_healthy(node); });
}

std::optional<Object> Etcd::request(int node, const std::string& path, const Object& body) const {
    const Outcome outcome = curl(node, path, {"--data-binary", to_json(Value{body})});
    if (outcome.exit_code != 0 || !outcome.out.ends_with("\n200")) return std::nullopt;
    return json_object(outcome.out.substr(0, outcome.out.size() - 4));
}

Object Etcd::request(const std::string& path, const Object& body) const {
    std::optional<Object> reply;
    await_scrapes("etcd answers " + path, [&] {
        for (int node = 0; node < size() && !reply; ++node)
            if (!at(node).process->has_ended()) reply = request(node, path, body);
        return reply.has_value();
    });
    return *reply;
}

int Etcd::leader() const {
    std::optional<int> found;
    await_scrapes("etcd has a leader", [&] {
        for (int node = 0; node < size() && !found; ++node) {
            const auto status = request(node, "/v3/maintenance/status", {});
            if (!status) continue;
            const std::string leader = text_of(*status, "leader");
            if (!leader.empty() && leader == text_of(status->find("header")->as_object(), "member_id")) found = node;
        }
        return found.has_value();
    });
    return *found;
}

std::vector<Etcd::Entry> Etcd::entries(const std::string& prefix) const {
    const Object reply = request("/v3/kv/range", {{"key", to_base64(prefix)},
                                                  {"range_end", to_base64(range_end(prefix))},
                                                  {"sort_target", "CREATE"},
                                                  {"sort_order", "ASCEND"}});
    std::vector<Entry> found;
    const Value* const all = reply.find("kvs");
    if (all == nullptr) return found;
    for (const Value& each : all->as_list()) {
        const Object& entry = each.as_object();
        found.push_back({.key = from_base64(text_of(entry, "key")),
                         .value = from_base64(text_of(entry, "value")),
                         .create_revision = std::strtoull(text_of(entry, "create_revision").c_str(), nullptr, 10),
                         .lease = text_of(entry, "lease")});
    }
    return found;
}

std::string Etcd::control(const Strings& arguments) const {
    Strings all{"etcdctl", "--endpoints=" + url(0)};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Outcome outcome = run_command({.arguments = all, .variables = {{"ETCDCTL_API", "3"}}});
    if (outcome.exit_code != 0) throw std::runtime_error{"etcdctl: " + outcome.out + outcome.err};
    return outcome.out;
}

double Etcd::requests_begun() const {
    double sum = 0;
    for (int node = 0; node < size(); ++node) {
        std::istringstream page{curl(node, "/metrics", {}).out};
        for (std::string line; std::getline(page, line);)
            if (line.starts_with("grpc_server_started_total{"))
                sum += std::strtod(line.substr(line.rfind(' ') + 1).c_str(), nullptr);
    }
    return sum;
}

int Etcd::starvations() const {
    constexpr std::string_view complaint = "leader failed to send out heartbeat on time";
    int count = 0;
    for (int node = 0; node < size(); ++node) {
        const std::string log = read_file(file(node_name(node) + ".log"));
        for (std::size_t at = 0; (at = log.find(complaint, at)) != std::string::npos; ++at) ++count;
    }
    return count;
}

std::string Etcd::logs() const {
    std::string all;
    for (int node = 0; node < size(); ++node) {
        const std::string log = read_file(file(node_name(node) + ".log"));
        constexpr std::size_t most = 3'000;
        all += node_name(node) + ":\n" + log.substr(log.size() - std::min(log.size(), most));
    }
    return all;
}

}  // namespace servicekit::test
