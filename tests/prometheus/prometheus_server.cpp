#include "prometheus/prometheus_server.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>
#include <variant>

#include "integration/support/text_file.hpp"
#include "prometheus/http.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

Command prometheus_command(const std::string& config, const std::string& directory, int port) {
    write_file(directory + "/prometheus.yml", config);
    return {.arguments = {"prometheus", "--config.file=" + directory + "/prometheus.yml",
                          "--storage.tsdb.path=" + directory + "/data",
                          "--web.listen-address=127.0.0.1:" + std::to_string(port), "--log.level=warn"},
            .directory = directory};
}

const Value& member(const Value& value, std::string_view key) {
    const Value* const found = value.is_object() ? value.as_object().find(key) : nullptr;
    if (found == nullptr) throw std::runtime_error{"no '" + std::string{key} + "' in " + to_json(value)};
    return *found;
}

}  // namespace

bool is_installed(const std::string& program) {
    return run_command({.arguments = {"sh", "-c", "command -v " + program}}).exit_code == 0;
}

void await_scrapes(std::string_view what, const std::function<bool()>& is_so) {
    const auto deadline = std::chrono::steady_clock::now() + 2 * patience;
    while (!is_so()) {
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error{"not so: " + std::string{what}};
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
}

StartedServer start_server(const std::function<Command(int port)>& make, const std::string& path) {
    for (int attempt = 0;; ++attempt) {
        const int port = free_port();
        StartedServer server{.port = port, .process = std::make_unique<RunningCommand>(make(port))};
        await_scrapes("the server answers",
                      [&] { return server.process->has_ended() || http_get(port, path).status == 200; });
        if (!server.process->has_ended()) return server;
        const Outcome outcome = server.process->finish();
        constexpr int most_attempts = 10;
        if (attempt == most_attempts || outcome.err.find("address already in use") == std::string::npos)
            throw std::runtime_error{"the server has ended: " + outcome.err};
    }
}

PrometheusServer::PrometheusServer(const std::string& config, const std::string& directory)
    : server_{start_server([&](int port) { return prometheus_command(config, directory, port); }, "/-/ready")} {}

Value PrometheusServer::ask(const std::string& path) const {
    const HttpReply reply = http_get(server_.port, "/api/v1/" + path);
    const auto parsed = parse_json(reply.body);
    const auto* const value = std::get_if<Value>(&parsed);
    if (reply.status != 200 || value == nullptr)
        throw std::runtime_error{"prometheus answers '" + path + "' with " + std::to_string(reply.status) + ": " +
                                 reply.body};
    return member(*value, "data");
}

Value::List PrometheusServer::query(const std::string& expression) const {
    return member(ask("query?query=" + url_encoded(expression)), "result").as_list();
}

std::optional<std::string> PrometheusServer::number(const std::string& expression) const {
    const Value::List series = query(expression);
    if (series.size() != 1) return std::nullopt;
    return member(series.front(), "value").as_list().at(1).as_string();
}

void PrometheusServer::await_number(const std::string& expression, const std::string& value) const {
    std::optional<std::string> last;
    try {
        await_scrapes(expression + " is " + value, [&] { return (last = number(expression)) == value; });
    } catch (const std::runtime_error& error) {
        throw std::runtime_error{std::string{error.what()} + " but " + last.value_or("missing") +
                                 "; targets: " + to_json(Value{targets()})};
    }
}

Value::List PrometheusServer::targets() const { return member(ask("targets"), "activeTargets").as_list(); }

}  // namespace servicekit::test
