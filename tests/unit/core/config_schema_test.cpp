#include "servicekit/core/config_schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "servicekit/base/json.hpp"

namespace config_schema_test {

using namespace std::chrono_literals;
using servicekit::InvalidKey, servicekit::Schema, servicekit::TypeError, servicekit::Value;

enum class Colour { red, blue };

void from_value(const Value& value, Colour& into) {
    if (value.as_string() == "red")
        into = Colour::red;
    else if (value.as_string() == "blue")
        into = Colour::blue;
    else
        throw TypeError{"red or blue", value.as_string()};
}

struct Size {
    int bytes = 0;
};

void from_value(const Value& value, Size& into) { into.bytes = std::stoi(value.as_string()); }
Value to_value(const Size& size) { return std::to_string(size.bytes) + " bytes"; }

struct Tls {
    std::filesystem::path certificate = "/etc/tls/cert.pem";
    bool is_on = false;
};

void describe(Schema<Tls>& config) {
    config.add("certificate", &Tls::certificate, "PEM file");
    config.add("on", &Tls::is_on, "whether to encrypt");
}

struct Backend {
    std::string host;
    std::uint16_t port = 80;
};

void describe(Schema<Backend>& config) {
    config.add("host", &Backend::host, "where it is", {.required = true});
    config.add("port", &Backend::port);
}

struct Config {
    std::string greeting = "hello";
    std::uint16_t port = 8080;
    double ratio = 0.5;
    std::chrono::milliseconds interval = 1500ms;
    std::optional<std::string> token;
    std::vector<std::string> words = {"a", "b"};
    Colour colour = Colour::blue;
    Tls tls;
    std::vector<Backend> backends;
};

void describe(Schema<Config>& config) {
    config.add("greeting", &Config::greeting, "how it greets", {.choices = {"hello", "good day"}});
    config.add("port", &Config::port, "TCP port", {.needs_restart = true, .minimum = 1024, .option = "port"});
    config.add("ratio", &Config::ratio);
    config.add("interval", &Config::interval);
    config.add("token", &Config::token, "", {.secret = true});
    config.add("words", &Config::words);
    config.add("colour", &Config::colour);
    config.add("tls", &Config::tls);
    config.add("backends", &Config::backends);
    config.check([](const Config& read) {
        if (read.tls.is_on && read.port == 8080) throw std::runtime_error{"8080 is for plain text"};
    });
}

Config read(const std::string& json) {
    Schema<Config> schema;
    describe(schema);
    return *std::static_pointer_cast<const Config>(schema.read(std::get<Value>(servicekit::parse_json(json))));
}

std::string refusal(const std::string& json) {
    try {
        static_cast<void>(read(json));
    } catch (const InvalidKey& fault) {
        return fault.pointer() + ": " + fault.what();
    } catch (const std::exception& fault) {
        return fault.what();
    }
    return "no fault";
}

TEST(ConfigSchemaTest, ReadsEachKindOfMember) {
    const Config config = read(R"({"greeting": "good day", "port": 2000, "ratio": 1, "interval": 0.25, "token": "s3",
        "words": ["x"], "colour": "red", "tls": {"certificate": "/c", "on": true},
        "backends": [{"host": "a"}, {"host": "b", "port": 81}]})");
    EXPECT_EQ(config.greeting, "good day");
    EXPECT_EQ(config.port, 2000);
    EXPECT_EQ(config.ratio, 1.0);
    EXPECT_EQ(config.interval, 250ms);
    EXPECT_EQ(config.token, "s3");
    EXPECT_EQ(config.words, (std::vector<std::string>{"x"}));
    EXPECT_EQ(config.colour, Colour::red);
    EXPECT_EQ(config.tls.certificate, "/c");
    EXPECT_TRUE(config.tls.is_on);
    ASSERT_EQ(config.backends.size(), 2U);
    EXPECT_EQ(config.backends[0].port, 80);
    EXPECT_EQ(config.backends[1].port, 81);
}

TEST(ConfigSchemaTest, TheInitializersAreTheDefaults) {
    const Config config = read("{}");
    EXPECT_EQ(config.greeting, "hello");
    EXPECT_EQ(config.interval, 1500ms);
    EXPECT_FALSE(config.token);
    EXPECT_EQ(config.tls.certificate, "/etc/tls/cert.pem");
    EXPECT_EQ(read("null").port, 8080);
}

TEST(ConfigSchemaTest, ReportsWhichKeyIsWrongAndWhy) {
    EXPECT_EQ(refusal(R"({"port": 80})"), "/port: expected an integer from 1024 to 65535, found 80");
    EXPECT_EQ(refusal(R"({"port": 65536})"), "/port: expected an integer from 1024 to 65535, found 65536");
    EXPECT_EQ(refusal(R"({"port": "x"})"), "/port: expected an integer from 1024 to 65535, found a string");
    EXPECT_EQ(refusal(R"({"greeting": "hi"})"), "/greeting: expected one of 'hello', 'good day', found \"hi\"");
    EXPECT_EQ(refusal(R"({"prot": 1})"), "/prot: unknown key; did you mean 'port'?");
    EXPECT_EQ(refusal(R"({"tls": {"on": 1}})"), "/tls/on: expected true or false, found an integer");
    EXPECT_EQ(refusal(R"({"tls": {"no": 1}})"), "/tls/no: unknown key; did you mean 'on'?");
    EXPECT_EQ(refusal(R"({"colour": "green"})"), "/colour: expected red or blue, found green");
    EXPECT_EQ(refusal(R"({"backends": [{}]})"), "/backends/0/host: missing");
    EXPECT_EQ(refusal(R"({"tls": {"on": true}})"), "8080 is for plain text");
    EXPECT_EQ(refusal("[]"), "expected an object, found a list");
}

TEST(ConfigSchemaTest, KnowsItsKeysWithTheirDefaults) {
    Schema<Config> schema;
    describe(schema);
    std::vector<std::string> pointers;
    for (const auto& key : schema.keys())
        pointers.push_back(key.pointer() + "=" + servicekit::to_json(key.default_value));
    EXPECT_THAT(pointers, testing::ElementsAre("/app/greeting=\"hello\"", "/app/port=8080", "/app/ratio=0.5",
                                               "/app/interval=1.5", "/app/token=null", "/app/words=[\"a\",\"b\"]",
                                               "/app/colour=null", "/app/tls/certificate=\"/etc/tls/cert.pem\"",
                                               "/app/tls/on=false", "/app/backends=[]"));
    EXPECT_EQ(schema.keys()[1].option(), "port");
    EXPECT_EQ(schema.keys()[7].option(), "app.tls.certificate");
    EXPECT_EQ(schema.keys()[7].variable(), "APP_TLS__CERTIFICATE");
}

struct Own {
    Size size{64};
    std::vector<bool> switches = {true};
};

TEST(ConfigSchemaTest, ATypeOfTheProgramMayShowItsDefault) {
    Schema<Own> schema;
    schema.add("size", &Own::size).add("switches", &Own::switches);
    EXPECT_EQ(schema.keys().front().default_value, Value{"64 bytes"});
    Own read;
    schema.read_into(servicekit::Object{{"size", "7"}, {"switches", Value::List{false, true}}}, read);
    EXPECT_EQ(read.size.bytes, 7);
    EXPECT_EQ(read.switches, (std::vector<bool>{false, true}));
}

struct Twins {
    int one = 0;
    int two = 0;
};

std::string refusal_to_declare(const std::string& one, const std::string& two, const servicekit::KeyOptions& options) {
    try {
        Schema<Twins> schema;
        schema.add(one, &Twins::one);
        schema.add(two, &Twins::two, "", options);
    } catch (const std::logic_error& fault) {
        return fault.what();
    }
    return "no fault";
}

TEST(ConfigSchemaTest, HidesTheValueOfASecret) {
    Schema<Twins> schema;
    schema.add("one", &Twins::one, "", {.secret = true, .maximum = 9});
    EXPECT_TRUE(schema.keys().front().default_value.is_null());
    try {
        schema.keys().front().check(4711);
        FAIL();
    } catch (const TypeError& fault) {
        EXPECT_EQ(std::string{fault.what()}.find("4711"), std::string::npos) << fault.what();
    }
}

TEST(ConfigSchemaTest, OptionsOfAStructApplyToItsKeys) {
    Schema<Config> schema;
    schema.add("tls", &Config::tls, "", {.needs_restart = true, .secret = true});
    for (const auto& key : schema.keys()) EXPECT_TRUE(key.options.secret && key.options.needs_restart) << key.pointer();
    EXPECT_THROW(schema.add("backends", &Config::backends, "", {.minimum = 1}), std::logic_error);
    EXPECT_THROW((Schema<Config>{}.add("tls", &Config::tls, "", {.option = "tls"})), std::logic_error);
    EXPECT_THROW(schema.add("words", &Config::words, "", {.choices = {"a"}}), std::logic_error);
}

TEST(ConfigSchemaTest, ADurationKeepsItsValue) {
    EXPECT_EQ(read(R"({"interval": 1.001})").interval, 1001ms);
    EXPECT_EQ(refusal(R"({"interval": 0.0005})"), "/interval: expected a multiple of 0.001 seconds, found 5e-04");
    EXPECT_THAT(refusal(R"({"interval": 1e300})"), testing::HasSubstr("/interval: expected a number of seconds"));
}

TEST(ConfigSchemaTest, AnOptionalMayBeNull) { EXPECT_FALSE(read(R"({"token": null})").token); }

TEST(ConfigSchemaTest, RefusesConflictingKeys) {
    using testing::HasSubstr;
    EXPECT_THAT(refusal_to_declare("a-b", "a.b", {}), HasSubstr("same environment variable, ...APP_A_B"));
    EXPECT_THAT(refusal_to_declare("a", "a", {}), HasSubstr("'/app/a' is declared already"));
    EXPECT_THAT(refusal_to_declare("a", "b", {.option = "app.a"}), HasSubstr("has the same option, --app.a"));
    EXPECT_THAT(refusal_to_declare("a", "b", {.option = "log-level"}), HasSubstr("is an option of every service"));
    EXPECT_THAT(refusal_to_declare("a", "b/c", {}), HasSubstr("is not a name"));
    EXPECT_THAT(refusal_to_declare("a", "b", {.option = "--b"}), HasSubstr("give it without dashes"));
    EXPECT_THAT(refusal_to_declare("a", "b", {.option = "my b"}), HasSubstr("can't be an option"));
}

}  // namespace config_schema_test
