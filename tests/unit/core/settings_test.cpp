#include "core/layered_settings.hpp"
#include "core/setting_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

namespace servicekit {
namespace {

using namespace std::chrono_literals;

template <class Call>
std::string refusal(Call call) {
    try {
        call();
    } catch (const ConfigurationError& error) {
        return error.what();
    }
    return "no error";
}

std::optional<std::string> text_of(std::string_view name, const Value& value) {
    return text_from_value(find_setting(name)->kind, value);
}

std::string refusal_of_text(std::string_view name, std::string_view text) {
    return refusal([&] { LayeredSettings{}.set_text(name, text, SettingsLayer::command_line); });
}

std::string refusal_of_value(std::string_view name, const Value& value) {
    return refusal([&] { LayeredSettings{}.set_value(name, value, SettingsLayer::program); });
}

std::string refusal_of_config(std::string_view text) {
    return refusal([&] { LayeredSettings{}.read_config(text, "/etc/x.json"); });
}

TEST(SettingsTest, HaveUniqueNames) {
    std::vector<std::string_view> names = setting_names();
    EXPECT_EQ(names.front(), "name");
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(SettingsTest, OnlyALockWithASecondLevelHasThoseOfACluster) {
    EXPECT_EQ(refusal_of_text("cluster-ttl", "5"), "there is no setting 'cluster-ttl'");
    EXPECT_EQ(find_setting("cluster-ttl"), nullptr);
    LayeredSettings settings;
    settings.set_scope(SettingScope::with_standby);
    settings.set_text("cluster-ttl", "5", SettingsLayer::command_line);
    EXPECT_EQ(settings.get(setting::cluster_ttl), 5s);
    EXPECT_EQ(settings.get(setting::ready_when), "standby");
    EXPECT_EQ(settings.get(setting::after_loss), "exit");
    for (const SettingRow& row : setting_table(SettingScope::with_standby)) {
        if (row.group != SettingGroup::cluster) continue;
        EXPECT_FALSE(row.changes_on_reload) << row.name;
        EXPECT_EQ(find_setting(row.name), nullptr) << row.name;
    }
}

TEST(SettingsTest, UrlsHaveNoUser) {
    const auto refused = [](std::string_view text) {
        return refusal([&] {
            LayeredSettings settings;
            settings.set_scope(SettingScope::with_standby);
            settings.set_text("cluster-endpoints", text, SettingsLayer::command_line);
        });
    };
    EXPECT_EQ(refused("https://one:2379,http://[::1]:2379/v3"), "no error");
    for (const std::string_view text : {"", "one:2379", "ftp://one", "https://", "https:///path", "https://o ne"})
        EXPECT_NE(refused(text), "no error") << text;
    const std::string secret = refused("https://me:secret@one:2379");
    EXPECT_NE(secret, "no error");
    EXPECT_EQ(secret.find("secret@"), std::string::npos) << secret;
}

TEST(SettingsTest, ChoicesAreWords) {
    LayeredSettings settings;
    settings.set_scope(SettingScope::with_standby);
    EXPECT_EQ(refusal([&] { settings.set_text("ready-when", "soon", SettingsLayer::command_line); }),
              "'ready-when' from the command line: expected \"standby\" or \"active\", found \"soon\"");
}

TEST(SettingsTest, SizesHaveUnits) {
    LayeredSettings settings;
    const auto size_of = [&](Value value) {
        settings.set_value("log-rotate-size", std::move(value), SettingsLayer::program);
        return settings.get(setting::log_rotate_size);
    };
    EXPECT_EQ(size_of(Value{1000}), 1000U);
    EXPECT_EQ(size_of(Value{"64M"}), std::uint64_t{64} << 20U);
    EXPECT_EQ(size_of(Value{"2G"}), std::uint64_t{2} << 30U);
    EXPECT_EQ(size_of(Value{"0"}), 0U);
    for (const char* wrong : {"", "M", "-1", "64MB", "9999999999G"})
        EXPECT_NE(refusal_of_value("log-rotate-size", Value{wrong}), "") << wrong;
}

TEST(SettingsTest, PeriodsHaveNames) {
    LayeredSettings settings;
    for (const auto& [text, seconds] :
         {std::pair{"hourly", 3600U}, std::pair{"daily", 86400U}, std::pair{"weekly", 604800U}, std::pair{"90", 90U}}) {
        settings.set_text("log-rotate-every", text, SettingsLayer::program);
        EXPECT_EQ(settings.get(setting::log_rotate_every), seconds);
    }
    EXPECT_NE(refusal_of_value("log-rotate-every", Value{"yearly"}), "");
}

TEST(SettingsTest, ACommandIsAListOfWords) {
    LayeredSettings settings;
    settings.set_text("log-command", "rotatelogs  -n 5 /var/log/x.log", SettingsLayer::program);
    EXPECT_EQ(settings.get(setting::log_command),
              (std::vector<std::string>{"rotatelogs", "-n", "5", "/var/log/x.log"}));
    EXPECT_NE(refusal_of_value("log-command", Value{Value::List{}}), "");
}

TEST(SettingsTest, HaveDefaults) {
    const LayeredSettings settings;
    EXPECT_EQ(settings.get(setting::log_level), LogLevel::info);
    EXPECT_EQ(settings.get(setting::start_timeout), 90s);
    EXPECT_EQ(settings.get(setting::stop_timeout), 8s);
    EXPECT_EQ(settings.get(setting::umask), "022");
    EXPECT_EQ(settings.get(setting::working_directory), "/");
    EXPECT_FALSE(settings.get(setting::no_signal_handlers));
    EXPECT_FALSE(settings.get(setting::no_control_server));
    EXPECT_FALSE(settings.get(setting::no_new_privileges));
    EXPECT_TRUE(settings.get(setting::writable).empty());
    for (const std::string_view name :
         {"name", "run-directory", "pid-file", "control-socket", "control-mode", "control-owner", "control-group",
          "control-read", "control-operate", "control-admin", "config", "log-file", "user", "group", "limit-core",
          "limit-open-files", "writable"})
        EXPECT_TRUE(settings.value(name).is_null()) << name;
    EXPECT_EQ(settings.get(setting::log_file), "");
}

TEST(SettingsTest, ADescriptorIsNotAStandardStream) {
    EXPECT_EQ(refusal_of_value("ready-fd", Value{2}),
              "'ready-fd' set by the program: expected the number of a descriptor, 3 or above, found 2");
    for (const std::string_view text : {"0", "-1", "three", "3.5", "99999999999", ""})
        EXPECT_NE(refusal([text] { LayeredSettings{}.set_text("ready-fd", text, SettingsLayer::environment); }),
                  "no error")
            << text;
    EXPECT_EQ(refusal_of_config(R"({"ready-fd": 3})"), "no error");
    EXPECT_EQ(LayeredSettings{}.get(setting::ready_fd), 0);
    EXPECT_FALSE(find_setting("ready-fd")->changes_on_reload);
}

TEST(SettingsTest, DefaultsCountAsUnset) {
    const LayeredSettings settings;
    for (const std::string_view name : setting_names()) {
        EXPECT_FALSE(settings.is_set(name)) << name;
        EXPECT_EQ(settings.layer_of(name), SettingsLayer::built_in) << name;
    }
}

TEST(SettingsTest, TheHighestLayerWins) {
    LayeredSettings settings;
    for (const SettingsLayer layer : {SettingsLayer::program, SettingsLayer::config_file, SettingsLayer::on_load,
                                      SettingsLayer::environment, SettingsLayer::command_line, SettingsLayer::forced}) {
        const std::string user{to_string(layer)};
        settings.set_value("user", user, layer);
        EXPECT_EQ(settings.get(setting::user), user);
        EXPECT_EQ(settings.layer_of("user"), layer);
    }
    settings.set_value("user", "somebody", SettingsLayer::on_load);
    EXPECT_EQ(settings.get(setting::user), "forced");
}

TEST(SettingsTest, AClearedLayerRevealsTheLayerBelow) {
    LayeredSettings settings;
    settings.set_value("log-level", "debug", SettingsLayer::program);
    settings.set_value("log-level", "error", SettingsLayer::on_load);
    settings.clear_layer(SettingsLayer::on_load);
    EXPECT_EQ(settings.get(setting::log_level), LogLevel::debug);
    settings.clear_layer(SettingsLayer::program);
    EXPECT_EQ(settings.get(setting::log_level), LogLevel::info);
    EXPECT_FALSE(settings.is_set("log-level"));
}

TEST(SettingsTest, SetFillsTheCurrentLayer) {
    LayeredSettings settings;
    settings.set(setting::log_level, LogLevel::warning);
    EXPECT_EQ(settings.layer_of("log-level"), SettingsLayer::program);
    settings.fill(SettingsLayer::on_load);
    settings.set(setting::stop_timeout, 2500ms);
    EXPECT_EQ(settings.layer_of("stop-timeout"), SettingsLayer::on_load);
    EXPECT_EQ(settings.get(setting::stop_timeout), 2500ms);
}

TEST(SettingsTest, ForceOverridesTheCommandLine) {
    LayeredSettings settings;
    settings.set_text("name", "from-the-command-line", SettingsLayer::command_line);
    settings.force(setting::name, "forced");
    EXPECT_EQ(settings.get(setting::name), "forced");
    EXPECT_EQ(settings.layer_of("name"), SettingsLayer::forced);
}

TEST(SettingsTest, ACopyIsIndependent) {
    LayeredSettings settings;
    settings.read_config(R"({"app": {"port": 1}})", "/etc/x.json");
    LayeredSettings copy = settings;
    copy.read_config(R"({"app": {"port": 2}, "user": "www"})", "/etc/x.json");
    EXPECT_EQ(settings.app().get<int>("port"), 1);
    EXPECT_FALSE(settings.is_set("user"));
    EXPECT_EQ(copy.app().get<int>("port"), 2);
}

TEST(SettingsTest, TextIsParsedByTheTypeOfTheSetting) {
    LayeredSettings settings;
    const auto set = [&settings](std::string_view name, std::string_view text) {
        settings.set_text(name, text, SettingsLayer::environment);
    };
    set("log-level", "debug");
    EXPECT_EQ(settings.get(setting::log_level), LogLevel::debug);
    for (const auto& [text, time] : std::vector<std::pair<std::string_view, std::chrono::milliseconds>>{
             {"8", 8s}, {"2.5", 2500ms}, {"0", 0s}, {"8s", 8s}, {"0.25s", 250ms}, {"2.3", 2300ms}, {"1e2", 100s}}) {
        set("stop-timeout", text);
        EXPECT_EQ(settings.get(setting::stop_timeout), time) << text;
    }
    for (const std::string_view text : {"1", "true", "yes", "on"}) {
        set("no-control-server", "no");
        set("no-control-server", text);
        EXPECT_TRUE(settings.get(setting::no_control_server)) << text;
    }
    for (const std::string_view text : {"0", "false", "no", "off"}) {
        set("no-control-server", "yes");
        set("no-control-server", text);
        EXPECT_FALSE(settings.get(setting::no_control_server)) << text;
    }
    set("ready-fd", "3");
    EXPECT_EQ(settings.get(setting::ready_fd), 3);
    set("user", "33");
    EXPECT_EQ(settings.get(setting::user), "33");
}

TEST(SettingsTest, ListsCanBeText) {
    LayeredSettings settings;
    settings.set_text("writable", "/srv:data", SettingsLayer::command_line);
    EXPECT_EQ(settings.get(setting::writable), (std::vector<std::string>{"/srv", "data"}));
    settings.set_text("writable", "", SettingsLayer::command_line);
    EXPECT_TRUE(settings.is_set("writable"));
    EXPECT_TRUE(settings.get(setting::writable).empty());
    settings.set_text("control-operate", "user:backup,group:wheel", SettingsLayer::command_line);
    EXPECT_EQ(settings.get(setting::control_operate), (std::vector<std::string>{"user:backup", "group:wheel"}));
    settings.set(setting::control_read, {"everyone"});
    EXPECT_EQ(settings.get(setting::control_read), std::vector<std::string>{"everyone"});
    settings.read_config(R"({"control-admin": ["socket-group"], "writable": ["/a:b"], "limit-core": 0})",
                         "/etc/x.json");
    EXPECT_EQ(settings.get(setting::control_admin), std::vector<std::string>{"socket-group"});
    EXPECT_EQ(settings.get(setting::limit_core), "0");
}

TEST(SettingsTest, InvalidListsAreRefused) {
    EXPECT_EQ(refusal_of_text("control-read", "everyone,wheel"),
              "'control-read' from the command line: expected a list of 'user:NAME', 'group:NAME', 'socket-group' or "
              "'everyone', found a list");
    for (const std::string_view text : {":", "/a::/b"})
        EXPECT_NE(refusal_of_text("writable", text), "no error") << text;
    EXPECT_NE(refusal_of_value("writable", "/a"), "no error");
    EXPECT_NE(refusal_of_value("writable", Value::List{1}), "no error");
    EXPECT_NE(refusal_of_config(R"({"control-admin": "everyone"})"), "no error");
}

TEST(SettingsTest, LimitsAreNumbersOrNone) {
    LayeredSettings settings;
    for (const std::string_view text : {"0", "1024", "9223372036854775807", "unlimited"}) {
        settings.set_text("limit-open-files", text, SettingsLayer::program);
        EXPECT_EQ(settings.get(setting::limit_open_files), text);
    }
    settings.set_text("limit-core", "007", SettingsLayer::program);
    EXPECT_EQ(settings.get(setting::limit_core), "7");
    settings.set_value("limit-core", 8, SettingsLayer::program);
    EXPECT_EQ(settings.get(setting::limit_core), "8");
    for (const std::string_view text : {"", "-1", "1k", "infinity", "9223372036854775808", "1.5", "+1"})
        EXPECT_NE(refusal_of_text("limit-core", text), "no error") << text;
    EXPECT_NE(refusal_of_value("limit-core", 1.5), "no error");
    EXPECT_NE(refusal_of_value("limit-core", -1), "no error");
}

TEST(SettingsTest, EqualSettingsAreEqualValues) {
    LayeredSettings settings;
    const Value mask = settings.value("umask");
    const Value time = settings.value("stop-timeout");
    for (const std::string_view text : {"022", "22", "0022"}) {
        settings.set_text("umask", text, SettingsLayer::program);
        EXPECT_EQ(settings.value("umask"), mask) << text;
    }
    settings.set(setting::stop_timeout, 8s);
    EXPECT_EQ(settings.value("stop-timeout"), time);
    settings.set_text("stop-timeout", "8.0", SettingsLayer::program);
    EXPECT_EQ(settings.value("stop-timeout"), time);
}

TEST(SettingsTest, TheTextOfAValueRoundTrips) {
    const auto round_trip = [](std::string_view name, std::string_view text) {
        LayeredSettings settings;
        settings.set_text(name, text, SettingsLayer::command_line);
        return text_of(name, settings.value(name));
    };
    EXPECT_EQ(round_trip("writable", "/a:/b c"), "/a:/b c");
    EXPECT_EQ(round_trip("writable", ""), "");
    EXPECT_EQ(round_trip("control-operate", "group:adm,everyone"), "group:adm,everyone");
    EXPECT_EQ(round_trip("log-command", "svlogd -tt  /var/log/x"), "svlogd -tt /var/log/x");
    EXPECT_EQ(round_trip("start-timeout", "2.5"), "2.5");
    EXPECT_EQ(round_trip("log-rotate-size", "64M"), "67108864");
    EXPECT_EQ(round_trip("no-log-copy", "no"), "false");
    EXPECT_EQ(round_trip("stdout", R"({"path":"/a","mode":"640"})"), R"({"path":"/a","mode":"640"})");
}

TEST(SettingsTest, AValueThatTextCannotExpressHasNoText) {
    EXPECT_EQ(text_of("writable", Value{Value::List{"/a:b"}}), std::nullopt);
    EXPECT_EQ(text_of("log-command", Value{Value::List{"two words"}}), std::nullopt);
}

TEST(SettingsTest, MostNeedARestart) {
    for (const SettingRow& row : setting_table(SettingScope::every_service))
        EXPECT_EQ(row.changes_on_reload,
                  row.name == "log-level" || row.name == "stop-timeout" || row.name == "hang-timeout")
            << row.name;
}

TEST(SettingsTest, AnUnknownNameIsRefusedWithTheNearestName) {
    EXPECT_EQ(refusal_of_text("stop-timout", "8"), "there is no setting 'stop-timout'; did you mean 'stop-timeout'?");
    EXPECT_EQ(refusal([] { static_cast<void>(LayeredSettings{}.value("colour")); }), "there is no setting 'colour'");
    EXPECT_EQ(refusal([] { static_cast<void>(LayeredSettings{}.is_set("app")); }), "there is no setting 'app'");
}

TEST(SettingsTest, ARefusalNamesSettingAndOrigin) {
    EXPECT_EQ(
        refusal_of_text("log-level", "loud"),
        "'log-level' from the command line: expected one of trace, debug, info, warning, error, fatal, found \"loud\"");
    EXPECT_EQ(refusal([] { LayeredSettings{}.set_text("stop-timeout", "-1", SettingsLayer::environment); }),
              "'stop-timeout' from the environment: expected a number of seconds from 0 to 1000000000, found \"-1\"");
    EXPECT_EQ(refusal([] { LayeredSettings{}.set(setting::umask, "9"); }),
              "'umask' set by the program: expected an octal mask in quotes, \"000\" to \"777\", found \"9\"");
    EXPECT_EQ(refusal([] {
                  LayeredSettings settings;
                  settings.fill(SettingsLayer::on_load);
                  settings.set(setting::log_file, "");
              }),
              "'log-file' set by on_load: expected a path, found \"\"");
    EXPECT_EQ(refusal([] { LayeredSettings{}.force(setting::name, "a/b"); }),
              "'name' forced by on_load: expected a name of letters, digits, '.', '_' and '-', at most 64, "
              "not starting with a dot, found \"a/b\"");
}

TEST(SettingsTest, ARefusedValueChangesNothing) {
    LayeredSettings settings;
    settings.set(setting::name, "good");
    EXPECT_NE(refusal([&] { settings.set(setting::name, "bad/name"); }), "no error");
    EXPECT_EQ(settings.get(setting::name), "good");
}

TEST(SettingsTest, InvalidTextIsRefused) {
    for (const std::string_view text : {"", "-1", "inf", "nan", "8m", "eight", "8 ", "1e10", "s", "0x8"})
        EXPECT_NE(refusal_of_text("stop-timeout", text), "no error") << text;
    for (const std::string_view text : {"", "maybe", "2", "TRUE"})
        EXPECT_NE(refusal_of_text("no-control-server", text), "no error") << text;
    for (const std::string_view text : {"", "8", "0o22", "1000", "7777", "-22", "022 "})
        EXPECT_NE(refusal_of_text("umask", text), "no error") << text;
    for (const std::string_view text : {"", "INFO", "3"})
        EXPECT_NE(refusal_of_text("log-level", text), "no error") << text;
    for (const std::string_view name : {"user", "group", "pid-file"})
        EXPECT_NE(refusal_of_text(name, ""), "no error") << name;
    EXPECT_NE(refusal_of_text("pid-file", std::string_view{"/run/x\0/y", 9}), "no error");
}

TEST(SettingsTest, AStreamIsAWordAPathOrAnObject) {
    LayeredSettings settings;
    settings.set_text("stdout", "log", SettingsLayer::command_line);
    EXPECT_EQ(settings.get(setting::standard_output), Value{"log"});
    settings.set_text("stdout", R"({"path": "out", "mode": "0600", "open": "create", "fifo": false})",
                      SettingsLayer::command_line);
    EXPECT_EQ(*settings.get(setting::standard_output).as_object().find("path"), Value{"out"});
    EXPECT_TRUE(settings.get(setting::standard_error).is_null());
    for (const char* wrong : {R"({})", R"({"path": ""})", R"({"path": "x", "mode": 600})", R"({"path": "x", "way": 1})",
                              R"({"path": "x", "open": "sideways"})", R"({"path": "x", "fifo": "yes"})"})
        EXPECT_NE(refusal_of_text("stderr", wrong), "no error") << wrong;
    EXPECT_NE(refusal_of_value("stdin", 3), "no error");
}

TEST(SettingsTest, CountsAreWholeNumbers) {
    LayeredSettings settings;
    settings.set_text("crash-keep", "0", SettingsLayer::command_line);
    EXPECT_EQ(settings.get(setting::crash_keep), 0U);
    for (const char* wrong : {"", "-1", "1.5", "many"}) EXPECT_NE(refusal_of_text("crash-keep", wrong), "no error");
}

TEST(SettingsTest, ValuesOfAnotherTypeAreRefused) {
    EXPECT_EQ(refusal_of_value("umask", 22),
              "'umask' set by the program: expected an octal mask in quotes, \"000\" to \"777\", found 22");
    EXPECT_EQ(refusal_of_value("user", 33),
              "'user' set by the program: expected a name or a number in quotes, found 33");
    EXPECT_EQ(refusal_of_value("no-control-server", "yes"),
              "'no-control-server' set by the program: expected true or false, found \"yes\"");
    EXPECT_NE(refusal_of_value("stop-timeout", "8"), "no error");
    EXPECT_NE(refusal_of_value("stop-timeout", std::nan("")), "no error");
    EXPECT_NE(refusal_of_value("name", nullptr), "no error");
    EXPECT_EQ(refusal_of_value("pid-file", Value::List{}),
              "'pid-file' set by the program: expected a path, found a list");
    EXPECT_EQ(
        refusal_of_value("log-level", std::string(1000, 'x')),
        "'log-level' set by the program: expected one of trace, debug, info, warning, error, fatal, found a string");
}

TEST(SettingsTest, AConfigFileFillsItsLayer) {
    LayeredSettings settings;
    settings.read_config(R"({"run-directory": "run", "stop-timeout": 2.5, "no-control-server": true,
                             "log-level": "trace", "umask": "077", "app": {"port": 8080}})",
                         "/etc/x.json");
    EXPECT_EQ(settings.get(setting::run_directory), "run");
    EXPECT_EQ(settings.get(setting::stop_timeout), 2500ms);
    EXPECT_TRUE(settings.get(setting::no_control_server));
    EXPECT_EQ(settings.get(setting::log_level), LogLevel::trace);
    EXPECT_EQ(settings.get(setting::umask), "077");
    EXPECT_EQ(settings.app().get<int>("port"), 8080);
    EXPECT_EQ(settings.app_value(), (Value{Object{{"port", 8080}}}));
    EXPECT_EQ(settings.layer_of("log-level"), SettingsLayer::config_file);
}

TEST(SettingsTest, AConfigFileReplacesThePreviousOne) {
    LayeredSettings settings;
    settings.read_config(R"({"user": "www", "app": {"port": 8080}})", "/etc/x.json");
    settings.read_config("{}", "/etc/x.json");
    EXPECT_FALSE(settings.is_set("user"));
    EXPECT_TRUE(settings.app_value().is_null());
}

TEST(SettingsTest, ClearingTheConfigFileClearsApp) {
    LayeredSettings settings;
    settings.read_config(R"({"user": "www", "app": {"port": 8080}})", "/etc/x.json");
    settings.clear_layer(SettingsLayer::config_file);
    EXPECT_FALSE(settings.is_set("user"));
    EXPECT_FALSE(settings.app().has("port"));
}

TEST(SettingsTest, ABrokenConfigFileKeepsThePreviousOne) {
    LayeredSettings settings;
    settings.read_config(R"({"user": "www", "app": {"port": 8080}})", "/etc/x.json");
    EXPECT_NE(refusal([&] { settings.read_config(R"({"app": {"port": 1}, "usr": "x"})", "/etc/y.json"); }), "no error");
    EXPECT_EQ(settings.get(setting::user), "www");
    EXPECT_EQ(settings.app().get<int>("port"), 8080);
}

TEST(SettingsTest, InvalidJsonIsReportedWithFileLineAndColumn) {
    EXPECT_EQ(refusal_of_config("{\n  \"user\": \"www\"\n  \"group\": \"www\"\n}"),
              "/etc/x.json:3:3: missing a comma or } after an object member");
    EXPECT_EQ(refusal_of_config(""), "/etc/x.json:1:1: there is no value");
    EXPECT_EQ(refusal_of_config("{\"user\": \"\xFF\"}"), "/etc/x.json:1:11: invalid UTF-8 in a string");
    EXPECT_EQ(refusal_of_config("{\"app\": {\"port\": 1,\n\"port\": 2}}"),
              "/etc/x.json:2:1: the key '/app/port' is given twice");
}

TEST(SettingsTest, AnUnknownKeyIsReportedWithFileAndPath) {
    EXPECT_EQ(refusal_of_config(R"({"stop-timout": 8})"),
              "/etc/x.json: /stop-timout: unknown key; did you mean 'stop-timeout'?");
    EXPECT_EQ(refusal_of_config(R"({"apps": {}})"), "/etc/x.json: /apps: unknown key; did you mean 'app'?");
    EXPECT_EQ(refusal_of_config(R"({"a/b": 8})"), "/etc/x.json: /a~1b: unknown key");
}

TEST(SettingsTest, AWrongTypeIsReportedWithFileAndPath) {
    EXPECT_EQ(refusal_of_config(R"({"stop-timeout": "8"})"),
              "/etc/x.json: /stop-timeout: expected a number of seconds from 0 to 1000000000, found \"8\"");
    EXPECT_EQ(refusal_of_config(R"({"log-file": null})"), "/etc/x.json: /log-file: expected a path, found null");
    EXPECT_EQ(refusal_of_config(R"({"app": [1]})"), "/etc/x.json: /app: expected an object, found a list");
    EXPECT_EQ(refusal_of_config("[]"), "/etc/x.json: expected an object, found a list");
}

TEST(SettingsTest, AConfigFileCannotNameAnother) {
    EXPECT_EQ(refusal_of_config(R"({"config": "/etc/y.json"})"),
              "/etc/x.json: /config: a config file can't name another");
}

TEST(SettingsTest, KnowIfTheyAreForAClient) {
    LayeredSettings settings;
    EXPECT_FALSE(settings.is_client());
    settings.set_client(true);
    EXPECT_TRUE(settings.is_client());
}

TEST(SettingsTest, LayersHaveNames) {
    EXPECT_EQ(to_string(SettingsLayer::built_in), "built-in");
    EXPECT_EQ(to_string(SettingsLayer::config_file), "config-file");
    EXPECT_EQ(to_string(SettingsLayer::forced), "forced");
}

TEST(SettingsTest, AClientUsesTheValidKeys) {
    LayeredSettings settings;
    settings.set_client(true);
    settings.read_config(R"({"log-levle": "debug", "umask": 9, "user": "www", "app": {"port": 1}})", "/etc/x.json");
    EXPECT_EQ(settings.get(setting::user), "www");
    EXPECT_EQ(settings.app().get<int>("port"), 1);
    ASSERT_EQ(settings.tolerated().size(), 2U);
    EXPECT_EQ(settings.tolerated()[0], "/etc/x.json: /log-levle: unknown key; did you mean 'log-level'?");
    EXPECT_EQ(settings.tolerated()[1].rfind("/etc/x.json: /umask: expected an octal mask", 0), 0U);
}

TEST(SettingsTest, AClientNeedsTheKeysForThePlace) {
    for (const char* const config : {R"({"run-directory": 1})", R"({"nmae": "x"})", R"({"control-sokcet": "/x"})"}) {
        EXPECT_NE(refusal([&] {
                      LayeredSettings settings;
                      settings.set_client(true);
                      settings.read_config(config, "/etc/x.json");
                  }),
                  "no error")
            << config;
    }
}

TEST(SettingsTest, ANumberOfSecondsIsShownAsGiven) {
    EXPECT_NE(refusal_of_text("stop-timeout", "9007199254740993").find("found \"9007199254740993\""),
              std::string::npos);
    EXPECT_NE(refusal_of_config(R"({"stop-timeout": 18446744073709551615})").find("found 18446744073709551615"),
              std::string::npos);
}

}  // namespace
}  // namespace servicekit
