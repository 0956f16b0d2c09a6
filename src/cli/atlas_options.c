/* atlas_options.c - opening the atlas that the options name. */
#include "cli/atlas_options.h"

#include "base/input.h"

bool mc_atlas_options_given(const mc_atlas_options *from)
{
    return from->sets || from->file || from->texts;
}

bool mc_atlas_options_is_stream(const mc_atlas_options *from)
{
    const char *path = from->file ? from->file : from->texts;

    return path && mc_input_is_stream(path);
}

mc_status mc_atlas_options_check(const mc_atlas_options *from, mc_error *err)
{
    if ((from->sets != NULL) + (from->file != NULL) + (from->texts != NULL) <= 1) return MC_OK;
    return mc_fail(err, MC_ERR_USAGE, "", "give only one of --atlas, --atlas-file and --texts");
}

mc_status mc_atlas_options_open(const mc_atlas_options *from, mc_atlas **atlas, mc_error *err)
{
    MC_TRY(mc_atlas_options_check(from, err));
    if (from->file) return mc_atlas_open_file(from->file, atlas, err);
    if (from->texts) return mc_atlas_open_texts(from->texts, atlas, err);
    return mc_atlas_open_builtin(from->sets, atlas, err);
}
