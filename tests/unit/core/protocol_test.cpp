#include "core/protocol.hpp"

#include <gtest/gtest.h>

#include <string>

#include "servicekit/base/json.hpp"

namespace servicekit {
namespace {

Request decoded(std::string_view text) {
    auto result = decode_request(text);
    if (const auto* error = std::get_if<Object>(&result)) ADD_FAILURE() << to_json(*error);
    return std::get<Request>(std::move(result));
}

Object refused_request(std::string_view text) {
    auto result = decode_request(text);
    EXPECT_TRUE(std::holds_alternative<Object>(result)) << text;
    return std::get<Object>(std::move(result));
}

std::string code(const Object& error) { return error.find("code")->as_string(); }

TEST(CodecTest, ARequestIsTheNameOfAnEvent) {
    const Request request = decoded(R"(["status"])");

    EXPECT_EQ(request.event, "status");
    EXPECT_TRUE(request.arguments.empty());
    EXPECT_FALSE(request.wants_progress);
    EXPECT_FALSE(request.timeout);
}

TEST(CodecTest, ANameCanBeWrittenInEveryFormOfAJsonString) {
    EXPECT_EQ(decoded(R"([ "status" ])").event, "status");
    EXPECT_EQ(decoded(R"(["st\u0061tus"])").event, "status");
    EXPECT_EQ(decoded(R"([""])").event, "");
    EXPECT_EQ(decoded(R"(["Größe"])").event, "Größe");
    EXPECT_EQ(decoded(R"(["a\"b"])").event, "a\"b");
    EXPECT_EQ(code(refused_request(R"(["a","b"])")), "malformed-request");
}

TEST(CodecTest, TheSecondElementHoldsTheArguments) {
    const Request request = decoded(R"(["backup", {"directory": "/b", "n": 3}])");

    EXPECT_EQ(to_json(request.arguments), R"({"directory":"/b","n":3})");
}

TEST(CodecTest, TheThirdElementHoldsTheOptions) {
    const Request request = decoded(R"(["backup", {}, {"progress": true, "timeout": 2.5}])");

    EXPECT_TRUE(request.wants_progress);
    EXPECT_EQ(request.timeout, std::chrono::milliseconds{2500});
}

TEST(CodecTest, AnExcessiveTimeoutIsLimitedWithoutOverflow) {
    EXPECT_EQ(decoded(R"(["x", {}, {"timeout": 1e300}])").timeout, std::chrono::hours{365 * 24});
}

TEST(CodecTest, InvalidJsonIsMalformedWithItsOffset) {
    const Object error = refused_request(R"(["status" "x"])");

    EXPECT_EQ(code(error), "malformed-request");
    EXPECT_EQ(error.find("offset")->as_integer(), 10);
}

TEST(CodecTest, InvalidUtf8IsMalformed) { EXPECT_EQ(code(refused_request("[\"st\xff\"]")), "malformed-request"); }

TEST(CodecTest, AnyOtherShapeIsMalformed) {
    for (const char* text : {"[]", "[1]", "[null]", R"(["a",[]])", R"(["a",{},[]])", R"(["a",{},{},{}])", R"({"a":1})"})
        EXPECT_EQ(code(refused_request(text)), "malformed-request") << text;
}

TEST(CodecTest, UnknownAndMistypedOptionsAreBadArguments) {
    for (const char* options : {R"({"progres":true})", R"({"progress":1})", R"({"timeout":0})", R"({"timeout":"1"})"}) {
        const Object error = refused_request(R"(["backup",{},)" + std::string{options} + "]");
        EXPECT_EQ(code(error), "bad-argument") << options;
        EXPECT_EQ(error.find("event")->as_string(), "backup");
    }
}

TEST(CodecTest, ADuplicateKeyIsABadArgumentOfItsEvent) {
    const Object error = refused_request(R"(["backup", {"directory": "/a", "directory": "/b"}])");

    EXPECT_EQ(code(error), "bad-argument");
    EXPECT_EQ(error.find("event")->as_string(), "backup");
    EXPECT_EQ(error.find("argument")->as_string(), "directory");
}

TEST(CodecTest, AReplyIsTheObjectOnOneLine) {
    EXPECT_EQ(encode_reply({{"files", 2}, {"text", "a\nb"}}), "{\"files\":2,\"text\":\"a\\nb\"}\n");
    EXPECT_EQ(encode_reply({}), "{}\n");
}

TEST(CodecTest, AnErrorIsTheOnlyTopLevelKey) {
    EXPECT_EQ(encode_error(make_error("busy", "too many", {{"limit", 3}})),
              "{\"error\":{\"code\":\"busy\",\"message\":\"too many\",\"limit\":3}}\n");
}

TEST(CodecTest, ProgressHasAMessageOnlyIfThereIsOne) {
    EXPECT_EQ(encode_progress(3, 10, "a"), "{\"progress\":{\"done\":3,\"total\":10,\"message\":\"a\"}}\n");
    EXPECT_EQ(encode_progress(3, 0, ""), "{\"progress\":{\"done\":3,\"total\":0}}\n");
}

TEST(CodecTest, EachRefusalHasTheCodeOfTheProtocol) {
    using Reason = Refusal::Reason;
    EXPECT_EQ(code(describe_refusal({Reason::malformed, 7, "x"})), "malformed-request");
    EXPECT_EQ(code(describe_refusal({Reason::too_large, 7, "x"})), "request-too-large");
    EXPECT_EQ(code(describe_refusal({Reason::too_deep, 64, "x"})), "request-too-large");
    EXPECT_EQ(code(describe_refusal({Reason::too_many, 512, "x"})), "busy");
    EXPECT_EQ(describe_refusal({Reason::malformed, 7, "x"}).find("offset")->as_integer(), 7);
    EXPECT_EQ(describe_refusal({Reason::too_large, 9, "x"}).find("limit")->as_integer(), 9);
}

}  // namespace
}  // namespace servicekit
