#include "cli/typed_arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

#include "servicekit/base/json.hpp"
#include "servicekit/mocks/fake_os.hpp"

namespace servicekit::cli {
namespace {

using ::testing::HasSubstr;

GivenArguments words(std::vector<GivenArgument> named, std::optional<std::string> json = std::nullopt) {
    return {.named = std::move(named), .json = std::move(json)};
}

class TypedArgumentsTest : public ::testing::Test {
protected:
    TypedArgumentsTest() { host.process.set_directory("/home/me"); }
    [[nodiscard]] std::string read(const std::vector<std::string>& given,
                                   const std::optional<std::string>& json = std::nullopt) {
        auto taken = given_arguments({.arguments = given, .json_arguments = json}, host.host());
        const auto arguments = taken ? typed_arguments(*taken, parameters, host.host()) : Result<Object>{taken.error()};
        if (arguments) return to_json(*arguments);
        EXPECT_EQ(arguments.error().exit_code, ExitCode::usage);
        return arguments.error().message();
    }

    mocks::FakeOs host;
    Object events = std::get<Value>(parse_json(R"({"events":[{"name":"other","parameters":[]},{"name":"x","parameters":[
        {"name":"text","type":"string"},{"name":"count","type":"integer"},{"name":"ratio","type":"number"},
        {"name":"really","type":"boolean"},{"name":"where","type":"path"},{"name":"names","type":"list"},
        {"name":"extra","type":"object"}]}]})"))
                        .as_object();
    const Value::List* parameters = declared_parameters(events, "x");
};

TEST_F(TypedArgumentsTest, ReadsEachValueAsDeclared) {
    EXPECT_EQ(read({"text=12", "count=12", "ratio=0.5", "really=true"}),
              R"({"text":"12","count":12,"ratio":0.5,"really":true})");
    EXPECT_EQ(read({"names=[\"a\",2]", "extra={\"a\":{}}", "ratio=3"}),
              R"({"names":["a",2],"extra":{"a":{}},"ratio":3})");
}

TEST_F(TypedArgumentsTest, ResolvesPathsInTheCallersDirectory) {
    EXPECT_EQ(read({"where=data/x"}), R"({"where":"/home/me/data/x"})");
    EXPECT_EQ(read({"where=./x"}), R"({"where":"/home/me/x"})");
    EXPECT_EQ(read({"where=."}), R"({"where":"/home/me"})");
    EXPECT_EQ(read({"where=/etc"}), R"({"where":"/etc"})");
    EXPECT_EQ(read({"where="}), R"({"where":""})");
    host.process.set_directory("/");
    EXPECT_EQ(read({"where=x"}), R"({"where":"/x"})");
}

TEST_F(TypedArgumentsTest, NeedsTheCurrentDirectoryForRelativePathsOnly) {
    host.process.failures.fail_always("current_directory", ENOENT);
    const GivenArguments absolute =
        words({{"where", "/x", "where=/x"}, {"count", "1", "count=1"}}, R"({"names":["y"]})");
    EXPECT_EQ(to_json(*typed_arguments(absolute, parameters, host.host())),
              R"({"names":["y"],"where":"/x","count":1})");
    const GivenArguments relative = words({{"where", "x", "where=x"}});
    EXPECT_EQ(typed_arguments(relative, parameters, host.host()).error().errno_value, ENOENT);
    EXPECT_EQ(typed_arguments(words({}, R"({"where":"x"})"), parameters, host.host()).error().errno_value, ENOENT);
}

TEST_F(TypedArgumentsTest, AValueIsAllAfterTheFirstEqualsSign) { EXPECT_EQ(read({"text=a=b="}), R"({"text":"a=b="})"); }

TEST_F(TypedArgumentsTest, LeavesUndeclaredArgumentsToTheService) {
    EXPECT_EQ(read({"unknown=12"}), R"({"unknown":"12"})");
    EXPECT_EQ(declared_parameters(events, "y"), nullptr);
    EXPECT_EQ(to_json(*typed_arguments(words({{"count", "12", "count=12"}}), nullptr, host.host())),
              R"({"count":"12"})");
}

TEST_F(TypedArgumentsTest, NamesAValueOfTheWrongType) {
    EXPECT_EQ(read({"count=abc"}), "cannot use the argument 'count=abc': expected an integer");
    EXPECT_EQ(read({"count=1.5"}), "cannot use the argument 'count=1.5': expected an integer");
    EXPECT_EQ(read({"ratio="}), "cannot use the argument 'ratio=': expected a number");
    EXPECT_EQ(read({"really=1"}), "cannot use the argument 'really=1': expected true or false");
    EXPECT_EQ(read({"names={}"}), "cannot use the argument 'names={}': expected a JSON list");
    EXPECT_EQ(read({"extra=[]"}), "cannot use the argument 'extra=[]': expected a JSON object");
}

TEST_F(TypedArgumentsTest, AddsToAJsonObject) {
    EXPECT_EQ(read({"text=b"}, R"({"count":[1]})"), R"({"count":[1],"text":"b"})");
    EXPECT_EQ(read({}, "{}"), "{}");
}

TEST_F(TypedArgumentsTest, RefusesAWordThatIsNotAnArgument) {
    EXPECT_THAT(read({"text"}), HasSubstr("expected name=value"));
    EXPECT_THAT(read({"=x"}), HasSubstr("expected name=value"));
    EXPECT_THAT(read({}, "{"), HasSubstr("cannot use the argument '--json {': "));
    EXPECT_THAT(read({}, "[]"), HasSubstr("expected a JSON object"));
}

TEST_F(TypedArgumentsTest, RefusesADuplicateArgument) {
    EXPECT_THAT(read({"text=a", "text=b"}), HasSubstr("'text' is given twice"));
    EXPECT_THAT(read({"text=a"}, R"({"text":"b"})"), HasSubstr("'text' is given twice"));
    EXPECT_THAT(read({}, R"({"a":1,"a":2})"), HasSubstr("cannot use"));
}

TEST_F(TypedArgumentsTest, AValueMayComeFromAFileOrFromStdin) {
    host.files.add_file("/run/secret", "a=b\nc\n");
    host.files.add_file("/run/count", "12\r\n");
    host.streams.set_input("[1,\n2]\n");
    EXPECT_EQ(read({"text:=@/run/secret", "count:=@/run/count", "names:=-"}),
              R"({"text":"a=b\nc","count":12,"names":[1,2]})");
}

TEST_F(TypedArgumentsTest, RemovesOneNewlineAtTheEnd) {
    host.files.add_file("/run/x", "a\n\n");
    host.files.add_file("/run/empty", "");
    EXPECT_EQ(read({"text:=@/run/x"}), R"({"text":"a\n"})");
    EXPECT_EQ(read({"text:=@/run/empty"}), R"({"text":""})");
}

TEST_F(TypedArgumentsTest, AnObjectMayComeFromStdin) {
    host.streams.set_input("{\"count\": 1}\n");
    EXPECT_EQ(read({"text=b"}, "-"), R"({"count":1,"text":"b"})");
}

TEST_F(TypedArgumentsTest, ValuesAreNotInErrorMessages) {
    host.files.add_file("/run/secret", "hunter2\n");
    host.streams.set_input("hunter2");
    EXPECT_EQ(read({"count:=@/run/secret"}), "cannot use the argument 'count:=@/run/secret': expected an integer");
    EXPECT_THAT(read({}, "-"), HasSubstr("cannot use the argument '--json -': "));
}

TEST_F(TypedArgumentsTest, TheOperatorNeedsAFileOrStdin) {
    for (const char* word : {"text:=", "text:=x", "text:=@", "text:=--"})
        EXPECT_THAT(read({word}), HasSubstr("': expected text:=@FILE or text:=-"));
    EXPECT_THAT(read({":=-"}), HasSubstr("expected name=value"));
    EXPECT_EQ(read({"text=@x"}), R"({"text":"@x"})");
    EXPECT_EQ(read({"text=-"}), R"({"text":"-"})");
    EXPECT_EQ(read({"text=:=-"}), R"({"text":":=-"})");
}

TEST_F(TypedArgumentsTest, StdinCanBeReadForOneArgumentOnly) {
    EXPECT_THAT(read({"text:=-", "names:=-"}), HasSubstr("'names:=-': stdin is read for another one already"));
    EXPECT_THAT(read({"text:=-"}, "-"), HasSubstr("stdin is read for another one already"));
}

TEST_F(TypedArgumentsTest, NamesMissingSecrets) {
    const Value declared = std::get<Value>(parse_json(R"([{"name":"user","required":true},
        {"name":"password","required":true,"secret":true},{"name":"pin","required":true,"secret":true},
        {"name":"hint","required":false,"secret":true},3])"));
    EXPECT_EQ(missing_secrets(declared.as_list(), {{"pin", 1}}), std::vector<std::string>{"password"});
}

TEST(DeclaredParametersTest, ToleratesAReplyOfAnotherShape) {
    EXPECT_EQ(declared_parameters({}, "x"), nullptr);
    EXPECT_EQ(declared_parameters({{"events", 3}}, "x"), nullptr);
    EXPECT_EQ(declared_parameters({{"events", Value::List{Value{1}, Value{Object{{"name", "x"}}}}}}, "x"), nullptr);
}

}  // namespace
}  // namespace servicekit::cli
