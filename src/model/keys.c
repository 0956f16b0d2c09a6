/* keys.c - values of keys, checked for their kind and range. */
#include "model/keys.h"

#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/checked.h"
#include "base/nearest.h"

/* No size of any model is near this; what is above is damage. */
#define SIZE_LIMIT 4294967296.0

static const struct {
    const char   *name;
    mc_activation activation;
} activations[] = {
    { "silu", MC_ACT_SILU },
    { "swish", MC_ACT_SILU },
    { "gelu", MC_ACT_GELU },
    { "gelu_python", MC_ACT_GELU },
    { "gelu_new", MC_ACT_GELU_TANH },
    { "gelu_fast", MC_ACT_GELU_TANH },
    { "gelu_accurate", MC_ACT_GELU_TANH },
    { "gelu_pytorch_tanh", MC_ACT_GELU_TANH },
    { "gelu_python_tanh", MC_ACT_GELU_TANH },
    { "quick_gelu", MC_ACT_GELU_QUICK },
    { "relu", MC_ACT_RELU },
    { "relu2", MC_ACT_RELU2 },
    { "xielu", MC_ACT_XIELU },
    { "tanh", MC_ACT_TANH },
    { "sigmoid", MC_ACT_SIGMOID },
};

bool mc_activation_find(const char *name, size_t size, mc_activation *activation)
{
    for (size_t i = 0; i < MC_ARRAY_LEN(activations); i++) {
        if (strlen(activations[i].name) != size || memcmp(activations[i].name, name, size) != 0)
            continue;
        *activation = activations[i].activation;
        return true;
    }
    return false;
}

mc_setting mc_setting_of_json(mc_json_value value)
{
    mc_setting setting = { MC_SETTING_OTHER };

    switch (mc_json_type_of(value)) {
    case MC_JSON_NONE: setting.kind = MC_SETTING_ABSENT; break;
    case MC_JSON_NULL: setting.kind = MC_SETTING_NULL; break;
    case MC_JSON_BOOL:
        setting.kind = MC_SETTING_FLAG;
        mc_json_bool(value, &setting.flag);
        break;
    case MC_JSON_INTEGER:
    case MC_JSON_DOUBLE:
        setting.kind = MC_SETTING_NUMBER;
        mc_json_double(value, &setting.number);
        break;
    case MC_JSON_STRING:
        setting.kind = MC_SETTING_TEXT;
        mc_json_string(value, &setting.text, &setting.size);
        break;
    default: break;
    }
    return setting;
}

mc_setting mc_setting_of_gguf(const mc_store *store, const char *key)
{
    mc_setting    setting = { MC_SETTING_OTHER };
    mc_gguf_value value;

    if (!mc_store_gguf(store, key, &value)) return (mc_setting){ MC_SETTING_ABSENT };
    switch (value.type) {
    case MC_GGUF_BOOL:
        setting.kind = MC_SETTING_FLAG;
        mc_store_gguf_bool(store, key, &setting.flag);
        break;
    case MC_GGUF_STRING:
        setting.kind = MC_SETTING_TEXT;
        setting.text = (const char *)value.bytes.data;
        setting.size = value.bytes.size;
        break;
    case MC_GGUF_ARRAY: break;
    default:
        setting.kind = MC_SETTING_NUMBER;
        mc_gguf_number(&value, 0, &setting.number);
        break;
    }
    return setting;
}

static mc_status fail_kind(const char *name, const char *wanted, mc_error *err)
{
    return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                   "'%s' is not %s", name, wanted);
}

static mc_status apply_size(const char *name, mc_setting setting, size_t *field, mc_error *err)
{
    if (setting.kind == MC_SETTING_NULL) setting.number = 0.0;
    if ((setting.kind != MC_SETTING_NUMBER && setting.kind != MC_SETTING_NULL) ||
        setting.number != floor(setting.number))
        return fail_kind(name, "a whole number", err);
    if (!(setting.number >= 0.0 && setting.number <= SIZE_LIMIT))
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "'%s' is %.0f, which is no possible size", name, setting.number);
    *field = (size_t)setting.number;
    return MC_OK;
}

static mc_status apply_activation(const mc_key *key, const char *name, mc_setting setting,
                                  mc_activation *field, mc_error *err)
{
    mc_buffer known = { 0 };

    if (setting.kind != MC_SETTING_TEXT) return fail_kind(name, "a text", err);
    if (key->kind == MC_KEY_GELU_TANH && setting.size == 4 &&
        !memcmp(setting.text, "gelu", 4)) {
        *field = MC_ACT_GELU_TANH;
        return MC_OK;
    }
    if (mc_activation_find(setting.text, setting.size, field)) return MC_OK;
    for (size_t i = 0; i < MC_ARRAY_LEN(activations); i++)
        mc_buffer_printf(&known, "%s%s", i ? ", " : "known are: ", activations[i].name);
    mc_fail(err, MC_ERR_UNSUPPORTED, known.data, "'%s' names the unknown activation '%.*s'",
            name, setting.size < 60 ? (int)setting.size : 60, setting.text);
    mc_buffer_clear(&known);
    return MC_ERR_UNSUPPORTED;
}

/* Only one value of this key is supported. A flag counts as 0 or 1; a text never fits. */
static mc_status check_fixed(const mc_key *key, const char *name, mc_setting setting,
                             mc_error *err)
{
    double number =
        setting.kind == MC_SETTING_FLAG ? (setting.flag ? 1.0 : 0.0) : setting.number;

    if (setting.kind == MC_SETTING_NULL) return MC_OK;
    if ((setting.kind == MC_SETTING_FLAG || setting.kind == MC_SETTING_NUMBER) &&
        number == key->otherwise)
        return MC_OK;
    if (setting.kind == MC_SETTING_TEXT)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                       "'%s' is '%.*s', which changes the model and is not supported", name,
                       setting.size < 60 ? (int)setting.size : 60, setting.text);
    return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                   "'%s' is %g, which changes the model and is not supported (only %g is)",
                   name, number, key->otherwise);
}

/* "LLLG": how many blocks until the pattern repeats. */
static mc_status apply_pattern(const char *name, mc_setting setting, size_t *field,
                               mc_error *err)
{
    if (setting.kind != MC_SETTING_TEXT) return apply_size(name, setting, field, err);
    for (size_t i = 0; i < setting.size; i++)
        if (setting.text[i] != (i + 1 < setting.size ? 'L' : 'G'))
            return fail_kind(name, "a number or a text like LLLG", err);
    *field = setting.size;
    return MC_OK;
}

static mc_status apply_number(const char *name, mc_setting setting, double *field,
                              mc_error *err)
{
    if (setting.kind == MC_SETTING_NULL) setting.number = 0.0;
    if ((setting.kind != MC_SETTING_NUMBER && setting.kind != MC_SETTING_NULL) ||
        !isfinite(setting.number))
        return fail_kind(name, "a number", err);
    *field = setting.number;
    return MC_OK;
}

static mc_status apply_flag(const mc_key *key, const char *name, mc_setting setting,
                            void *field, mc_error *err)
{
    unsigned *bits = field;

    if (setting.kind != MC_SETTING_FLAG && setting.kind != MC_SETTING_NULL)
        return fail_kind(name, "true or false", err);
    if (setting.kind == MC_SETTING_NULL) setting.flag = false;
    if (key->kind == MC_KEY_BITS)
        *bits = setting.flag ? *bits | key->bits : *bits & ~key->bits;
    else
        *(bool *)field = setting.flag != (key->kind == MC_KEY_NOT);
    return MC_OK;
}

static mc_status apply_value(const mc_key *key, const char *name, mc_setting setting,
                             void *field, mc_error *err)
{
    switch (key->kind) {
    case MC_KEY_SIZE: return apply_size(name, setting, field, err);
    case MC_KEY_PATTERN: return apply_pattern(name, setting, field, err);
    case MC_KEY_NUMBER: return apply_number(name, setting, field, err);
    case MC_KEY_FLAG:
    case MC_KEY_NOT:
    case MC_KEY_BITS: return apply_flag(key, name, setting, field, err);
    case MC_KEY_ACTIVATION:
    case MC_KEY_GELU_TANH: return apply_activation(key, name, setting, field, err);
    case MC_KEY_FIXED:
    case MC_KEY_GIVEN: return check_fixed(key, name, setting, err);
    }
    return MC_OK;
}

static mc_setting default_setting(const mc_key *key)
{
    mc_setting setting = { MC_SETTING_NUMBER, .number = key->otherwise };

    if (key->kind == MC_KEY_FLAG || key->kind == MC_KEY_NOT || key->kind == MC_KEY_BITS) {
        setting.kind = MC_SETTING_FLAG;
        setting.flag = key->otherwise != 0.0;
    }
    return setting;
}

/* null is what it is to the reference: nothing, 0 or false. */
mc_status mc_key_apply(const mc_key *key, const char *name, mc_setting setting,
                       mc_hparams *hparams, mc_error *err)
{
    void *field  = (char *)hparams + key->field;
    bool  absent = setting.kind == MC_SETTING_ABSENT;

    if (!absent) return apply_value(key, name, setting, field, err);
    if (key->kind == MC_KEY_FIXED || key->otherwise == MC_KEEP) return MC_OK;
    if (key->otherwise == MC_REQUIRED || key->kind == MC_KEY_GIVEN)
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "'%s' is missing", name);
    if (key->kind == MC_KEY_ACTIVATION || key->kind == MC_KEY_GELU_TANH) {
        *(mc_activation *)field = (mc_activation)(int)key->otherwise;
        return MC_OK;
    }
    return apply_value(key, name, default_setting(key), field, err);
}
