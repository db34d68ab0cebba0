#pragma once

#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <string>
#include <utility>

#include "measurement.hpp"

namespace bench {

/// The results of a benchmark for a program: tables of rows, as JSON in the file that the environment variable
/// BENCH_JSON names. They are written again after each row, so a run that fails keeps the rows that it has. Without
/// BENCH_JSON it does nothing.
class Results {
public:
    struct Value {
        Value(const char* of) : text{of} {}                          // NOLINT(google-explicit-constructor)
        Value(std::string of) : text{std::move(of)} {}               // NOLINT(google-explicit-constructor)
        Value(double of) : number{of}, kind{Kind::number} {}         // NOLINT(google-explicit-constructor)
        Value(int of) : Value{static_cast<double>(of)} {}            // NOLINT(google-explicit-constructor)
        Value(long of) : Value{static_cast<double>(of)} {}           // NOLINT(google-explicit-constructor)
        Value(const Spread& of) : spread{of}, kind{Kind::spread} {}  // NOLINT(google-explicit-constructor)

        enum class Kind { text, number, spread };
        std::string text = {};
        double number = 0;
        Spread spread = {};
        Kind kind = Kind::text;
    };
    using Fields = std::initializer_list<std::pair<const char*, Value>>;

    Results(const char* benchmark, Fields settings) {
        document_.SetObject();
        document_.AddMember("benchmark", json(benchmark), memory());
        document_.AddMember("settings", object(settings), memory());
        document_.AddMember("tables", rapidjson::Value{rapidjson::kObjectType}, memory());
        document_.AddMember("skipped", rapidjson::Value{rapidjson::kArrayType}, memory());
    }

    void add(const char* table, Fields row) {
        rapidjson::Value& tables = document_["tables"];
        if (!tables.HasMember(table)) tables.AddMember(json(table), rapidjson::Value{rapidjson::kArrayType}, memory());
        tables[table].PushBack(object(row), memory());
        write();
    }
    /// Names what the run leaves out.
    void skip(const std::string& what, const std::string& reason) {
        document_["skipped"].PushBack(object({{"what", what}, {"reason", reason}}), memory());
        write();
    }

private:
    rapidjson::Document::AllocatorType& memory() { return document_.GetAllocator(); }

    rapidjson::Value object(Fields fields) {
        rapidjson::Value all{rapidjson::kObjectType};
        for (const auto& [key, value] : fields) all.AddMember(json(key), json(value), memory());
        return all;
    }
    rapidjson::Value json(const Value& value) {
        if (value.kind == Value::Kind::number) return json_of_number(value.number);
        if (value.kind == Value::Kind::text) return rapidjson::Value{value.text.c_str(), memory()};
        rapidjson::Value spread{rapidjson::kObjectType};
        spread.AddMember("median", json_of_number(value.spread.median), memory());
        spread.AddMember("least", json_of_number(value.spread.low), memory());
        spread.AddMember("most", json_of_number(value.spread.high), memory());
        return spread;
    }
    static rapidjson::Value json_of_number(double number) {
        return std::isfinite(number) ? rapidjson::Value{number} : rapidjson::Value{};
    }

    void write() const {
        const char* const file = std::getenv("BENCH_JSON");
        if (file == nullptr) return;
        rapidjson::StringBuffer text;
        rapidjson::PrettyWriter<rapidjson::StringBuffer> writer{text};
        writer.SetIndent(' ', 2);
        document_.Accept(writer);
        // A reader never sees half of a file.
        const std::string unfinished = std::string{file} + ".new";
        std::ofstream out{unfinished, std::ios::trunc};
        out << text.GetString() << '\n';
        out.close();
        std::error_code fault;
        if (out) std::filesystem::rename(unfinished, file, fault);
        if (out && !fault) return;
        std::cerr << "cannot write '" << file << "'\n";
        std::_Exit(73);
    }

    rapidjson::Document document_;
};

}  // namespace bench
