// `servicectl web` with services in processes of their own, and curl as the browser.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"
#include "os/descriptor.hpp"

namespace servicekit::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string token = "token-of-the-operator-0123456789";
const std::string read_token = "token-of-prometheus-0123456789";

class ServicectlWebTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        if (run_command({.arguments = {"curl", "--version"}}).exit_code != 0) GTEST_SKIP() << "no curl here";
        write_secret(token_file, token);
        write_secret(read_token_file, read_token);
    }
    void TearDown() override {
        web.reset();
        ServiceTest::TearDown();
    }

    static void write_secret(const std::string& path, const std::string& content) {
        write_file(path, content + "\n");
        ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    }

    /// Returns a service that only this test has.
    [[nodiscard]] ServiceProgram program(const std::string& name, const std::string& what = "greeter") const {
        fs::create_directory(directory.file(name));
        ServiceProgram made{what, directory.file(name)};
        made.add_options({"--name", name, "--pid-file", made.pid_file(), "--control-socket", made.control_socket(),
                          "--log-file", made.log_file()});
        return made;
    }

    /// Starts `servicectl web` for the services of this test, and waits until it serves.
    void begin(const Strings& options) {
        std::string line = "exec servicectl web 'page-*' --interval " + interval;
        for (const std::string& option : options) line += " " + option;
        fs::remove(output);  // of an earlier one
        web.emplace(Command{.arguments = {"sh", "-c", line + " >" + output + " 2>&1"},
                            .variables = {{"XDG_RUNTIME_DIR", directory.path()}}});
        await_text_in(output, "serves ");
    }
    void begin_on_unix_socket(Strings options = {"--allow-actions"}) {
        options.insert(options.end(), {"--listen", socket});
        begin(options);
        address = {"--unix-socket", socket};
        url = "http://localhost";
    }
    void begin_on_tcp(Strings options = {"--allow-actions"}) {
        options.insert(options.end(),
                       {"--listen", "127.0.0.1:0", "--token-file", token_file, "--read-token-file", read_token_file});
        begin(options);
        const std::string printed = read_file(output);
        const auto begins = printed.find("serves ") + 7;
        url = printed.substr(begins, printed.find('/', begins + 8) - begins);
    }
    [[nodiscard]] int port() const { return std::stoi(url.substr(url.rfind(':') + 1)); }

    /// Runs curl. \returns what it printed: the status of HTTP is the last line
    [[nodiscard]] std::string curl(const std::string& path, Strings options = {}) const {
        options.insert(options.begin(),
                       {"curl", "--silent", "--show-error", "--max-time", "60", "--write-out", "\n%{http_code}"});
        options.insert(options.end(), address.begin(), address.end());
        options.push_back(url + path);
        const Outcome outcome = run_command({.arguments = options, .directory = directory.path()});
        EXPECT_EQ(outcome.err, "") << path;
        return outcome.out;
    }
    [[nodiscard]] std::string status_of(const std::string& path, const Strings& options = {}) const {
        const std::string printed = curl(path, options);
        return printed.substr(printed.rfind('\n') + 1);
    }
    static Strings bearer(const std::string& secret) { return {"--header", "Authorization: Bearer " + secret}; }

    /// Returns the value of the hidden field of a page's forms.
    static std::string form_token_in(const std::string& page) {
        const std::string before = "name=\"form_token\" value=\"";
        const auto begins = page.find(before);
        if (begins == std::string::npos) return "";
        return page.substr(begins + before.size(), page.find('"', begins + before.size()) - begins - before.size());
    }
    /// Sends a form of a page. \returns the path of the run that it leads to
    std::string post(const std::string& path, const std::string& fields) {
        const std::string page = curl("/services/" + path.substr(10, path.find('/', 10) - 10), cookies);
        Strings options = cookies;
        options.insert(options.end(),
                       {"--dump-header", "headers", "--data", "form_token=" + form_token_in(page) + fields});
        EXPECT_EQ(status_of(path, options), "303");
        const std::string headers = read_file(directory.file("headers"));
        const auto begins = headers.find("Location: ");
        return begins == std::string::npos ? "" : headers.substr(begins + 10, headers.find('\r', begins) - begins - 10);
    }
    /// Waits until the page of a run has the text.
    void await_run(const std::string& path, const std::string& text) {
        await_state("the run has '" + text + "'", [&] { return curl(path, cookies).find(text) != std::string::npos; });
    }
    /// Waits until the page has the text.
    void await_page(const std::string& path, const std::string& text, const Strings& options = {}) {
        await_state("the page has '" + text + "'", [&] { return curl(path, options).find(text) != std::string::npos; });
    }

    const std::string socket = directory.file("web.sock");
    const std::string output = directory.file("output");
    const std::string token_file = directory.file("token");
    const std::string read_token_file = directory.file("read-token");
    std::string interval = "0.5";  ///< of the looks at the services, in seconds
    Strings address;
    std::string url;
    Strings cookies;
    std::optional<RunningCommand> web;
};

TEST_F(ServicectlWebTest, ServesAUnixSocketThatOnlyItsUserCanUse) {
    RunningService one{program("page-one")};
    RunningService two{program("page-two")};
    begin_on_unix_socket();

    struct stat status {};
    ASSERT_EQ(::stat(socket.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_THAT(read_file(output), HasSubstr("serves unix:" + socket));
    const std::string list = curl("/");
    EXPECT_THAT(list, AllOf(HasSubstr("href=\"/services/page-one\""), HasSubstr("href=\"/services/page-two\"")));
    EXPECT_THAT(curl("/services/page-one"), AllOf(HasSubstr(std::to_string(one.pid())), HasSubstr("ready")));
    EXPECT_EQ(status_of("/services/page-three"), "404");
    EXPECT_EQ(status_of("/nonsense"), "404");
    EXPECT_EQ(status_of("/", {"--head"}), "200");
    EXPECT_EQ(status_of("/", {"--request", "DELETE"}), "405");
    EXPECT_EQ(status_of("/services/page-one/health"), "200");
    EXPECT_THAT(curl("/style.css?v=1", {"--include"}), HasSubstr("immutable"));

    web->signal(SIGTERM);
    EXPECT_EQ(web->finish().exit_code, 0);
    EXPECT_FALSE(fs::exists(socket));
}

TEST_F(ServicectlWebTest, ANewServiceHasAPageAtOnce) {
    interval = "60";
    const RunningService one{program("page-one")};
    begin_on_unix_socket();
    EXPECT_EQ(status_of("/services/page-one"), "200");
    EXPECT_EQ(status_of("/services/page-two"), "404");
    const RunningService two{program("page-two")};
    EXPECT_EQ(status_of("/services/page-two"), "200");
    const RunningService three{program("page-three")};
    EXPECT_EQ(status_of("/services/page-three/health"), "200");
    const std::string form = "form_token=" + form_token_in(curl("/services/page-one"));
    EXPECT_EQ(status_of("/services/page-four/stop", {"--data", form}), "404");
}

TEST_F(ServicectlWebTest, ASocketThatIsServedIsRefusedAndAnOldOneReplaced) {
    begin_on_unix_socket();
    const Outcome second = run_command({.arguments = {"servicectl", "web", "--listen", socket}});
    EXPECT_EQ(second.exit_code, 69) << second;
    EXPECT_THAT(second.err, HasSubstr("another 'servicectl web'"));

    web->signal(SIGKILL);
    static_cast<void>(web->finish());
    ASSERT_TRUE(fs::exists(socket));
    begin_on_unix_socket();
    EXPECT_EQ(status_of("/"), "200");

    write_file(directory.file("file"), "precious");
    const Outcome file = run_command({.arguments = {"servicectl", "web", "--listen", directory.file("file")}});
    EXPECT_EQ(file.exit_code, 73) << file;
    EXPECT_EQ(read_file(directory.file("file")), "precious");
}

TEST_F(ServicectlWebTest, ADirectoryThatOthersCanChangeIsRefused) {
    const std::string open = directory.file("open");
    fs::create_directory(open);
    ASSERT_EQ(::chmod(open.c_str(), 0777), 0);
    const Outcome outcome = run_command({.arguments = {"servicectl", "web", "--listen", open + "/web.sock"}});
    EXPECT_EQ(outcome.exit_code, 77) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("several users can change"));
}

TEST_F(ServicectlWebTest, TcpNeedsAToken) {
    RunningService one{program("page-one")};
    begin_on_tcp();
    EXPECT_EQ(status_of("/health"), "200");
    EXPECT_EQ(status_of("/style.css"), "200");
    for (const char* const path :
         {"/", "/metrics", "/live", "/services/page-one", "/services/page-one/health", "/nonsense"}) {
        EXPECT_EQ(status_of(path), "401") << path;
        EXPECT_EQ(status_of(path, {"--header", "Cookie: servicectl-session-" + std::to_string(port()) + "=nonsense"}),
                  "401")
            << path;
    }
    EXPECT_EQ(status_of("/metrics", bearer("wrong")), "401");
    EXPECT_EQ(status_of("/metrics", bearer(read_token)), "200");
    EXPECT_EQ(status_of("/", bearer(read_token)), "200");
    EXPECT_EQ(status_of("/", bearer(token)), "200");
    Strings stop = bearer(read_token);
    stop.insert(stop.end(), {"--request", "POST"});
    EXPECT_EQ(status_of("/services/page-one/stop", stop), "403");
    EXPECT_FALSE(one.has_ended());

    Strings elsewhere = bearer(token);
    elsewhere.insert(elsewhere.end(), {"--header", "Host: evil.example"});
    EXPECT_EQ(status_of("/", elsewhere), "421");
}

TEST_F(ServicectlWebTest, AFileThatOthersCanReadIsNoTokenFile) {
    ASSERT_EQ(::chmod(token_file.c_str(), 0644), 0);
    const Outcome outcome =
        run_command({.arguments = {"servicectl", "web", "--listen", "127.0.0.1:0", "--token-file", token_file}});
    EXPECT_EQ(outcome.exit_code, 78) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("chmod 600"));
}

TEST_F(ServicectlWebTest, ABrowserLogsInAndOut) {
    begin_on_tcp();
    EXPECT_EQ(status_of("/login", {"--data", "token=wrong&next=/"}), "401");
    EXPECT_EQ(status_of("/login", {"--data", "token=" + token, "--header", "Origin: http://evil.example"}), "403");
    const std::string entered =
        curl("/login", {"--include", "--cookie-jar", "jar", "--data", "token=" + token + "&next=//evil.example"});
    EXPECT_THAT(entered, AllOf(HasSubstr("303 See Other"), HasSubstr("Location: /\r"), HasSubstr("HttpOnly"),
                               HasSubstr("SameSite=Strict")));
    cookies = {"--cookie", "jar"};
    EXPECT_EQ(status_of("/", cookies), "200");
    EXPECT_EQ(status_of("/logout", {"--cookie", "jar", "--request", "POST"}), "303");
    EXPECT_EQ(status_of("/", cookies), "401");
}

TEST_F(ServicectlWebTest, RunsAnEventFromAForm) {
    RunningService one{program("page-one", "trial-service")};
    begin_on_tcp();
    static_cast<void>(curl("/login", {"--cookie-jar", "jar", "--data", "token=" + token}));
    cookies = {"--cookie", "jar"};

    // A page of another site has no form token.
    EXPECT_EQ(status_of("/services/page-one/events/progress", {"--cookie", "jar", "--data", "p.steps=2"}), "403");
    const std::string run = post("/services/page-one/events/progress", "&p.steps=2");
    EXPECT_THAT(run, StartsWith("/services/page-one/runs/"));
    await_run(run, "class=\"outcome\"");

    const std::string throwing = post("/services/page-one/events/throw", "&p.what=std");
    await_run(throwing, "thrown on purpose");
    Strings wrong = cookies;
    wrong.insert(wrong.end(),
                 {"--data", "form_token=" + form_token_in(curl("/services/page-one", cookies)) + "&p.steps=many"});
    EXPECT_EQ(status_of("/services/page-one/events/progress", wrong), "400");
    wrong.back() = "form_token=" + form_token_in(curl("/services/page-one", cookies));
    EXPECT_EQ(status_of("/services/page-one/events/nonsense", wrong), "404");
    EXPECT_EQ(status_of("/services/page-one/events/kill", wrong), "404");
    EXPECT_EQ(status_of("/services/page-one/restart", wrong), "403");
    // A read-only visitor sees no reply.
    EXPECT_EQ(status_of(run, bearer(read_token)), "403");
}

TEST_F(ServicectlWebTest, StopsAServiceAsTheVerbDoes) {
    RunningService one{program("page-one")};
    RunningService two{program("page-two")};
    begin_on_unix_socket();
    const std::string run = post("/services/page-one/stop", "");
    await_run(run, "stopped (pid " + std::to_string(one.pid()) + ")");
    EXPECT_EQ(one.exit_code(), 0);
    EXPECT_THAT(read_file(output), HasSubstr("requested '/services/page-one/stop'\n"));
    EXPECT_FALSE(two.has_ended());
    await_page("/services/page-one", "stopped");
    const std::string reload = post("/services/page-two/reload", "");
    await_run(reload, "applied");
    const std::string level = post("/services/page-two/log-level", "&level=debug");
    await_run(level, "debug");
}

TEST_F(ServicectlWebTest, AStopOfAServiceThatIsNotCleanIsAFailure) {
    ServiceProgram stubborn = program("page-one", "trial-service");
    stubborn.configure_app({{"stop-throws", true}});
    RunningService one{stubborn};
    begin_on_unix_socket();
    await_run(post("/services/page-one/stop", ""), "not cleanly");
    static_cast<void>(one.exit_code());
}

TEST_F(ServicectlWebTest, ReadOnlyOffersNothing) {
    RunningService one{program("page-one")};
    begin_on_unix_socket({"--read-only"});
    EXPECT_EQ(form_token_in(curl("/services/page-one")), "");
    EXPECT_EQ(status_of("/services/page-one/stop", {"--data", "form_token="}), "403");
    EXPECT_FALSE(one.has_ended());
}

TEST_F(ServicectlWebTest, RootServesReadOnlyUnlessToldOtherwise) {
    if (!is_root()) GTEST_SKIP() << "needs root";
    RunningService one{program("page-one")};
    begin_on_unix_socket({});
    EXPECT_THAT(curl("/services/page-one/stop", {"--data", ""}), HasSubstr("--allow-actions"));
    EXPECT_FALSE(one.has_ended());
}

TEST_F(ServicectlWebTest, RootDoesNotActInADirectoryOfAnotherUser) {
    if (!is_root()) GTEST_SKIP() << "needs root";
    ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
    RunningService important{program("page-two")};
    ServiceProgram fun = program("page-one");
    fs::create_directory(fun.run_directory());
    ASSERT_EQ(::chown(fun.run_directory().c_str(), stranger, stranger), 0);
    fun.add_options({"--user", "nobody"});
    RunningService service{fun};
    begin_on_unix_socket();

    const std::string form = "form_token=" + form_token_in(curl("/services/page-two"));
    for (const bool is_link : {false, true}) {
        if (is_link) {
            fs::rename(fun.control_socket(), fun.run_directory() + "/kept");
            fs::create_symlink(program("page-two").control_socket(), fun.control_socket());
        }
        for (const char* const action : {"stop", "log-level", "reload"}) {
            const std::string answer =
                curl("/services/page-one/" + std::string{action}, {"--data", form + "&level=error"});
            // The next look at the directory takes what is not a socket off the list.
            if (is_link && answer.ends_with("\n404")) continue;
            EXPECT_THAT(answer, HasSubstr("\n403")) << action;
            EXPECT_THAT(answer, HasSubstr("can change its directory")) << action;
        }
    }
    fs::rename(fun.run_directory() + "/kept", fun.control_socket());
    EXPECT_FALSE(important.has_ended());
    EXPECT_FALSE(service.has_ended());
    EXPECT_THAT(important.call("log-level").get<std::string>("level", ""), Not("error"));
}

TEST_F(ServicectlWebTest, RootReadsNoLogInADirectoryOfAnotherUser) {
    if (!is_root()) GTEST_SKIP() << "needs root";
    ServiceProgram logging = program("page-one");
    const std::string logs = directory.file("logs");
    fs::create_directory(logs);
    logging.add_options({"--log-file", logs + "/log"});
    RunningService service{logging};
    await_text_in(logs + "/log", "ready");
    ASSERT_EQ(::chown(logs.c_str(), stranger, stranger), 0);
    begin_on_unix_socket();
    await_page("/services/page-one", "another user can change its directory; &#39;servicectl logs page-one&#39;");
}

TEST_F(ServicectlWebTest, ExportsTheMetricsOfAllServices) {
    RunningService one{program("page-one")};
    const ServiceProgram second = program("page-two");
    RunningService two{second};
    for (int i = 0; i < 3; ++i) static_cast<void>(one.call("greet", {{"name", "you"}}));
    begin_on_unix_socket();

    const std::string page = curl("/metrics", {"--include"});
    EXPECT_THAT(page, AllOf(HasSubstr("Content-Type: text/plain; version=0.0.4"),
                            HasSubstr("greetings_total{service=\"page-one\"} 3\n"),
                            HasSubstr("greetings_total{service=\"page-two\"} 0\n"),
                            HasSubstr("servicekit_up{service=\"page-two\"} 1\n")));
    EXPECT_EQ(page.find("# TYPE greetings_total"), page.rfind("# TYPE greetings_total"));
    EXPECT_EQ(page.find("# TYPE process_cpu"), page.rfind("# TYPE process_cpu"));
    EXPECT_THAT(curl("/metrics", {"--include", "--header", "Accept: application/openmetrics-text;version=1.0.0"}),
                AllOf(HasSubstr("Content-Type: application/openmetrics-text; version=1.0.0"), HasSubstr("# EOF\n")));

    // One that hangs takes its time-out and no more.
    two.signal(SIGSTOP);
    const std::string hung = curl("/metrics");
    EXPECT_THAT(hung, AllOf(HasSubstr("servicekit_up{service=\"page-one\"} 1\n"),
                            HasSubstr("servicekit_up{service=\"page-two\"} 0\n"),
                            HasSubstr("servicekit_state{service=\"page-two\",state=\"hung\"} 1\n"),
                            HasSubstr("greetings_total{service=\"page-one\"} 3\n"),
                            Not(HasSubstr("greetings_total{service=\"page-two\"}"))));
    await_page("/", "hung");
    EXPECT_EQ(status_of("/services/page-two"), "200");
    EXPECT_EQ(status_of("/services/page-two/health"), "503");
    two.signal(SIGCONT);
    await_page("/metrics", "servicekit_up{service=\"page-two\"} 1\n");

    EXPECT_EQ(second.verb({"stop"}).exit_code, 0);
    EXPECT_THAT(curl("/metrics"), AllOf(HasSubstr("servicekit_up{service=\"page-two\"} 0\n"),
                                        HasSubstr("servicekit_state{service=\"page-two\",state=\"stopped\"} 1\n")));
}

TEST_F(ServicectlWebTest, AProbeSeesEachHealthCheckAndItsAge) {
    const RunningService one{program("page-one", "metrics-trial")};
    begin_on_unix_socket();
    await_page("/services/page-one/health", "\nbad: failed");
    EXPECT_THAT(curl("/services/page-one/health"),
                AllOf(StartsWith("ready\n"), ContainsRegex("\ngood: ok .[0-9]+ s ago."),
                      ContainsRegex("\nbad: failed: .* .[0-9]+ s ago., not critical\n"), HasSubstr("\n200")));
}

TEST_F(ServicectlWebTest, ServesTls) {
    const Outcome made = shell(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost,IP:127.0.0.1");
    if (made.exit_code != 0) GTEST_SKIP() << "no openssl here: " << made;
    RunningService one{program("page-one")};
    begin_on_tcp({"--tls-cert", directory.file("cert.pem"), "--tls-key", directory.file("key.pem")});
    EXPECT_THAT(url, StartsWith("https://"));
    address = {"--cacert", directory.file("cert.pem")};
    EXPECT_EQ(status_of("/health"), "200");
    EXPECT_EQ(status_of("/", bearer(token)), "200");
    EXPECT_THAT(curl("/login", {"--include", "--data", "token=" + token}),
                AllOf(HasSubstr("; Secure"), HasSubstr("__Host-")));
    RunningCommand live{{.arguments = {"curl", "--silent", "--no-buffer", "--cacert", directory.file("cert.pem"),
                                       "--header", "Authorization: Bearer " + token, url + "/live"}}};
    live.await_output("event: list");
    // Clear text on this port is refused.
    EXPECT_NE(run_command({.arguments = {"curl", "--silent", "http://" + url.substr(8) + "/health"}}).exit_code, 0);

    const Outcome wrong = run_command({.arguments = {"servicectl", "web", "--listen", "127.0.0.1:0", "--token-file",
                                                     token_file, "--tls-cert", token_file, "--tls-key", token_file}});
    EXPECT_EQ(wrong.exit_code, 78) << wrong;
    EXPECT_THAT(wrong.err, HasSubstr("cannot use the certificate"));
}

/// A connection that says and reads what a test wants.
class RawConnection {
public:
    /// \param last_byte of the address of the client: 127.0.0.N
    explicit RawConnection(int port, std::uint32_t last_byte = 1)
        : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last_byte);
        if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error{"cannot bind"};
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error{"cannot connect"};
    }
    /// Connects to a unix socket. Does not wait until its queue has room.
    explicit RawConnection(const std::string& path)
        : socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)} {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(std::data(address.sun_path), sizeof address.sun_path - 1);
        if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::system_error{errno, std::generic_category(), "cannot connect"};
    }
    void send(const std::string& text) const {
        static_cast<void>(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL));
    }
    /// Returns true if what was received until now has the text.
    bool has(const std::string& text) {
        std::array<char, 65536> buffer{};
        for (;;) {
            const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (size <= 0) break;
            received_.append(buffer.data(), static_cast<std::size_t>(size));
        }
        return received_.find(text) != std::string::npos;
    }
    void await(const std::string& text) {
        await_state("'" + text + "' was received", [&] { return has(text); });
    }

private:
    os::Descriptor socket_;
    std::string received_;
};

TEST_F(ServicectlWebTest, SilentConnectionsOfOneAddressCloseNoneOfAnother) {
    begin_on_tcp();
    RawConnection other{port(), 2};
    other.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
    other.await("200 OK");
    std::vector<RawConnection> silent;
    for (int i = 0; i < 700; ++i) silent.emplace_back(port());
    EXPECT_EQ(status_of("/health"), "200");
    other.send("GET /nonsense HTTP/1.1\r\nHost: localhost\r\n\r\n");
    other.await("401 Unauthorized");
}

TEST_F(ServicectlWebTest, SilentConnectionsKeepNobodyOutOfTls) {
    const Outcome made = shell(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 "
        "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1");
    if (made.exit_code != 0) GTEST_SKIP() << "no openssl here: " << made;
    begin_on_tcp({"--tls-cert", directory.file("cert.pem"), "--tls-key", directory.file("key.pem")});
    address = {"--cacert", directory.file("cert.pem")};
    std::vector<RawConnection> silent;
    for (std::uint32_t i = 0; i < 700; ++i) silent.emplace_back(port(), 2 + i % 20);
    EXPECT_EQ(status_of("/health"), "200");
}

TEST_F(ServicectlWebTest, AKeyThatAllCanReadIsRefused) {
    write_file(directory.file("key.pem"), "key");
    ASSERT_EQ(::chmod(directory.file("key.pem").c_str(), 0644), 0);
    const Outcome outcome =
        run_command({.arguments = {"servicectl", "web", "--listen", "127.0.0.1:0", "--token-file", token_file,
                                   "--tls-cert", directory.file("cert.pem"), "--tls-key", directory.file("key.pem")}});
    EXPECT_EQ(outcome.exit_code, 78) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("chmod 600"));
}

TEST_F(ServicectlWebTest, TwoHundredBrowsersGetNews) {
    RunningService one{program("page-one")};
    begin_on_tcp();
    std::vector<RawConnection> browsers;
    for (int i = 0; i < 200; ++i) {
        browsers.emplace_back(port());
        browsers.back().send("GET " + std::string{i % 2 == 0 ? "/live" : "/services/page-one/live"} +
                             " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n");
    }
    for (std::size_t i = 0; i < browsers.size(); ++i) browsers[i].await(i % 2 == 0 ? "event: list" : "event: service");
    EXPECT_EQ(status_of("/services/page-one", bearer(token)), "200");
    // A new line of the log reaches those who look at the service.
    static_cast<void>(one.call("log-level", {{"level", "debug"}}));
    for (std::size_t i = 1; i < browsers.size(); i += 2) browsers[i].await("log-level");
    web->signal(SIGINT);
    EXPECT_EQ(web->finish().exit_code, 0);
}

// All connect before the server accepts the first one.
TEST_F(ServicectlWebTest, TwoHundredBrowsersGetNewsOnAUnixSocket) {
    if (std::stoi(read_file("/proc/sys/net/core/somaxconn")) < 200) GTEST_SKIP() << "the system has shorter queues";
    RunningService one{program("page-one")};
    begin_on_unix_socket();
    web->signal(SIGSTOP);
    await_state("the server is stopped", [&] {
        return read_file("/proc/" + std::to_string(web->pid()) + "/status").find("\nState:\tT") != std::string::npos;
    });
    std::vector<RawConnection> browsers;
    for (int i = 0; i < 200; ++i) {
        ASSERT_NO_THROW(browsers.emplace_back(socket)) << i;
        browsers.back().send("GET " + std::string{i % 2 == 0 ? "/live" : "/services/page-one/live"} +
                             " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    web->signal(SIGCONT);
    for (std::size_t i = 0; i < browsers.size(); ++i) browsers[i].await(i % 2 == 0 ? "event: list" : "event: service");
}

TEST_F(ServicectlWebTest, MalformedAndLongRequestsAreRefusedInWords) {
    begin_on_tcp();
    RawConnection nonsense{port()};
    nonsense.send("nonsense\r\n\r\n");
    nonsense.await("400 Bad Request");
    RawConnection header{port()};
    header.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(100'000, 'x'));
    header.await("431 Request Header Fields Too Large");
    RawConnection body{port()};
    body.send("POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n");
    body.await("413 Payload Too Large");
    RawConnection two{port()};
    two.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    two.await("Connection: close");
    // Those that say nothing do not keep others out.
    std::vector<RawConnection> silent;
    for (int i = 0; i < 700; ++i) silent.emplace_back(port());
    EXPECT_EQ(status_of("/health"), "200");
}

TEST_F(ServicectlWebTest, ALogThatIsFloodedIsSampled) {
    RunningService one{program("page-one", "trial-service")};
    begin_on_tcp();
    RawConnection browser{port()};
    browser.send("GET /services/page-one/live HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token +
                 "\r\n\r\n");
    browser.await("event: log");
    static_cast<void>(one.call("flood", {{"lines", 20'000}, {"threads", 2}}));
    browser.await("lines are left out here");
    EXPECT_EQ(status_of("/", bearer(token)), "200");
}

}  // namespace
}  // namespace servicekit::test
