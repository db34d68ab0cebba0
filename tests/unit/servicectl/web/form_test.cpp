#include "servicectl/web/form.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "servicekit/base/json.hpp"
#include "servicekit/mocks/fake_os.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::ElementsAre, ::testing::HasSubstr, ::testing::Pair;

TEST(FormTest, IsDecoded) {
    EXPECT_THAT(parse_form("a=1+2&b=%C3%A9%26%3D&c&=d&&a=3").value(),
                ElementsAre(Pair("a", "1 2"), Pair("b", "\xc3\xa9&="), Pair("c", ""), Pair("", "d"), Pair("a", "3")));
    EXPECT_EQ(field(parse_form("a=1&a=2").value(), "a"), "1");
    EXPECT_EQ(field(parse_form("a=1").value(), "b"), "");
    EXPECT_TRUE(parse_form("").value().empty());
}

TEST(FormTest, WhatIsNotTextIsRefused) {
    for (const char* const text : {"a=%", "a=%4", "a=%zz", "%=1", "a=%FF", "a=%00", "a=%C3", "a=\xff"})
        EXPECT_FALSE(parse_form(text)) << text;
    std::string many;
    for (int i = 0; i < 300; ++i) many += "a=1&";
    EXPECT_FALSE(parse_form(many));
}

class FormArgumentsTest : public ::testing::Test {
protected:
    [[nodiscard]] std::string arguments_of(std::string_view form) const {
        const auto arguments = form_arguments(parse_form(form).value(), parameters, host.host());
        return arguments ? to_json(*arguments) : arguments.error().message();
    }
    Value::List parameters{
        Object{{"name", "name"}, {"type", "string"}, {"required", true}},
        Object{{"name", "note"}, {"type", "string"}, {"required", false}},
        Object{{"name", "title"}, {"type", "string"}, {"required", false}, {"default", "none"}},
        Object{{"name", "count"}, {"type", "integer"}, {"required", false}},
        Object{{"name", "share"}, {"type", "number"}, {"required", false}},
        Object{{"name", "loud"}, {"type", "boolean"}, {"required", false}},
        Object{{"name", "file"}, {"type", "path"}, {"required", false}},
        Object{{"name", "tags"}, {"type", "list"}, {"required", false}},
        Object{{"name", "form_token"}, {"type", "string"}, {"required", false}},
        "nonsense",
    };
    mutable mocks::FakeOs host;
};

TEST_F(FormArgumentsTest, HaveTheDeclaredTypes) {
    EXPECT_EQ(arguments_of("form_token=x&p.name=you&p.count=3&p.share=0.5&p.loud=true&p.file=/tmp/a&p.tags=%5B1%5D"),
              R"({"name":"you","count":3,"share":0.5,"loud":true,"file":"/tmp/a","tags":[1]})");
}

TEST_F(FormArgumentsTest, AnEmptyFieldIsLeftOutUnlessItIsATextWithAMeaning) {
    EXPECT_EQ(arguments_of("p.name=&p.note=&p.title=&p.count=&p.loud=&p.tags="), R"({"name":"","title":""})");
}

TEST_F(FormArgumentsTest, TheLastValueOfABooleanCounts) {
    EXPECT_EQ(arguments_of("p.loud=false&p.loud=true"), R"({"loud":true})");
    EXPECT_THAT(arguments_of("p.count=1&p.count=2"), HasSubstr("given twice"));
}

TEST_F(FormArgumentsTest, AParameterMayBeCalledLikeAnotherField) {
    EXPECT_EQ(arguments_of("form_token=secret&p.form_token=mine"), R"({"form_token":"mine"})");
}

TEST_F(FormArgumentsTest, WrongValuesAreRefusedByName) {
    EXPECT_THAT(arguments_of("p.count=three"), AllOf(HasSubstr("count"), HasSubstr("an integer")));
    EXPECT_THAT(arguments_of("p.loud=maybe"), HasSubstr("true or false"));
    EXPECT_THAT(arguments_of("p.file=relative"), HasSubstr("absolute path"));
    EXPECT_THAT(arguments_of("p.tags=%7B%7D"), HasSubstr("a JSON list"));
    EXPECT_THAT(arguments_of("p.other=1"), HasSubstr("does not have it"));
}

TEST_F(FormArgumentsTest, LinesOfATextAreSeparatedByNewlines) {
    EXPECT_EQ(arguments_of("p.name=a%0D%0Ab"), R"({"name":"a\nb"})");
}

}  // namespace
}  // namespace servicekit::servicectl::web
