// toml.cc - the only user of toml++; a C view of its document.
extern "C" {
#include "base/alloc.h"
#include "base/error.h"
}
#include "cli/toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <exception>
#include <new>
#include <string>
#include <string_view>

struct reading {
    mc_toml_visit *visit;
    void          *context;
    mc_error      *err;
};

// The text of a scalar; false for what no setting can be.
static bool scalar(const toml::node &node, std::string &text)
{
    if (auto truth = node.value_exact<bool>())
        text = *truth ? "true" : "false";
    else if (auto integer = node.value_exact<int64_t>())
        text = std::to_string(*integer);
    else if (auto number = node.value_exact<double>())
        text = std::to_string(*number);
    else if (auto string = node.value_exact<std::string>())
        text = *string;
    else
        return false;
    // A text that goes on behind a NUL would be read as a shorter one.
    return text.find('\0') == std::string::npos;
}

static mc_status walk(const reading &to, const toml::table &table, const std::string &prefix)
{
    for (auto &&[key, node] : table) {
        std::string name = prefix + std::string(key.str()), text;
        // A NUL would end the key early and make it another.
        std::replace(name.begin(), name.end(), '\0', '?');
        if (const toml::table *inner = node.as_table()) {
            MC_TRY(walk(to, *inner, name + "."));
            continue;
        }
        bool          fits  = scalar(node, text);
        mc_toml_value value = { name.c_str(), key.source().begin.line,
                                fits ? text.c_str() : nullptr, node.is_boolean() };
        MC_TRY(to.visit(to.context, &value, to.err));
    }
    return MC_OK;
}

mc_status mc_toml_read(const char *path, const char *text, size_t size, mc_toml_visit *visit,
                       void *context, mc_error *err)
try {
    toml::table table = toml::parse(std::string_view(text, size));
    return walk({ visit, context, err }, table, "");
} catch (const toml::parse_error &error) {
    std::string why = error.what();
    why[0]          = static_cast<char>(std::tolower(static_cast<unsigned char>(why[0])));
    return mc_fail(err, MC_ERR_USAGE, "lines look like: output-format = \"json\"",
                   "%s:%u:%u: %s", path, error.source().begin.line, error.source().begin.column,
                   why.c_str());
} catch (const std::bad_alloc &) {
    return mc_fail_memory(err, size);
} catch (const std::exception &error) {
    return mc_fail(err, MC_ERR_USAGE, "simplify the file", "%s: cannot be read: %s", path,
                   error.what());
} catch (...) {
    return mc_fail(err, MC_ERR_USAGE, "simplify the file", "%s: cannot be read", path);
}
