#include "lisp/ecl/values.hpp"

#include <cstdint>
#include <string_view>

#include "lisp/ecl/text.hpp"

namespace servicekit::lisp {
namespace {

bool is_lower(char character) { return character >= 'a' && character <= 'z'; }
bool is_upper(char character) { return character >= 'A' && character <= 'Z'; }

/// `directory` becomes :DIRECTORY, and `fileName` :|fileName|.
cl_object keyword(const std::string& key) {
    bool has_upper = false;
    for (const char character : key) has_upper = has_upper || is_upper(character);
    cl_object name = from_utf8(key);
    if (!has_upper)
        for (cl_index i = 0; i < name->string.fillp; ++i)
            if (name->string.self[i] < 128 && is_lower(static_cast<char>(name->string.self[i])))
                name->string.self[i] -= 'a' - 'A';
    return cl_intern(2, name, cl_find_package(ecl_make_constant_base_string("KEYWORD", -1)));
}

Value from_symbol(cl_object object) {
    std::string name = to_utf8(ecl_symbol_name(object));
    if (name == "FALSE") return false;
    if (name == "TRUE") return true;
    if (name == "NULL") return nullptr;
    bool has_lower = false;
    for (const char character : name) has_lower = has_lower || is_lower(character);
    if (!has_lower)
        for (char& character : name)
            if (is_upper(character)) character = static_cast<char>(character + ('a' - 'A'));
    return name;
}

cl_object texts_to_lisp(const std::vector<std::string>& texts) {
    cl_object list = ECL_NIL;
    for (auto text = texts.rbegin(); text != texts.rend(); ++text) list = ecl_cons(from_utf8(*text), list);
    return list;
}

cl_object list_to_lisp(const Value::List& items) {
    cl_object list = ECL_NIL;
    for (auto item = items.rbegin(); item != items.rend(); ++item) list = ecl_cons(to_lisp(*item), list);
    return list;
}

cl_object kind_to_lisp(Task::Kind kind) {
    switch (kind) {
        case Task::Kind::forms:
            return ecl_make_keyword("FORMS");
        case Task::Kind::source:
            return ecl_make_keyword("SOURCE");
        case Task::Kind::call:
            break;
    }
    return ecl_make_keyword("CALL");
}

}  // namespace

Value from_lisp(cl_object object) {
    if (object == ECL_NIL) return nullptr;
    if (object == ECL_T) return true;
    if (ECL_FIXNUMP(object)) return static_cast<std::int64_t>(ecl_fixnum(object));
    if (ECL_STRINGP(object)) return to_utf8(object);
    if (ECL_CONSP(object)) return list_from_lisp(object);
    if (ECL_SYMBOLP(object)) return from_symbol(object);
    if (ecl_t_of(object) == t_doublefloat) return ecl_double_float(object);
    Object members;
    if (ecl_t_of(object) == t_vector)
        for (cl_index i = 0; i + 1 < object->vector.fillp; i += 2)
            members.set(to_utf8(object->vector.self.t[i]), from_lisp(object->vector.self.t[i + 1]));
    return members;
}

Value::List list_from_lisp(cl_object list) {
    Value::List items;
    for (; ECL_CONSP(list); list = ECL_CONS_CDR(list)) items.push_back(from_lisp(ECL_CONS_CAR(list)));
    return items;
}

std::vector<std::string> texts_from_lisp(cl_object list) {
    std::vector<std::string> texts;
    for (; ECL_CONSP(list); list = ECL_CONS_CDR(list)) texts.push_back(to_utf8(ECL_CONS_CAR(list)));
    return texts;
}

cl_object to_lisp(const Value& value) {
    if (value.is_bool()) return value.as_bool() ? ECL_T : ECL_NIL;
    if (value.is_integer()) return ecl_make_int64_t(value.as_integer());
    if (value.is_number()) return ecl_make_double_float(value.as_number());
    if (value.is_string()) return from_utf8(value.as_string());
    if (value.is_list()) return list_to_lisp(value.as_list());
    cl_object list = ECL_NIL;
    if (value.is_object())
        for (const auto& [key, member] : value.as_object()) {
            list = ecl_cons(keyword(key), list);
            list = ecl_cons(to_lisp(member), list);
        }
    return cl_nreverse(list);
}

cl_object to_lisp(const Job& job) {
    cl_object arguments = list_to_lisp(job.task.arguments);
    cl_object package = from_utf8(job.task.package);
    cl_object texts = texts_to_lisp(job.task.texts);
    return cl_list(5, ecl_make_fixnum(static_cast<cl_fixnum>(job.id)), kind_to_lisp(job.task.kind), texts, package,
                   arguments);
}

cl_object to_lisp(const Answer& answer) {
    cl_object value = to_lisp(answer.value);
    cl_object text = from_utf8(answer.text);
    return cl_list(4, answer.ok ? ECL_T : ECL_NIL, value, text, from_utf8(answer.type));
}

}  // namespace servicekit::lisp
