/* modelcypher.h - the whole public interface. */
#ifndef MODELCYPHER_MODELCYPHER_H
#define MODELCYPHER_MODELCYPHER_H

#include <modelcypher/analysis.h>
#include <modelcypher/atlas.h>
#include <modelcypher/capture.h>
#include <modelcypher/error.h>
#include <modelcypher/examine.h>
#include <modelcypher/fingerprint.h>
#include <modelcypher/geometry.h>
#include <modelcypher/log.h>
#include <modelcypher/model.h>
#include <modelcypher/profile.h>
#include <modelcypher/selftest.h>
#include <modelcypher/system.h>
#include <modelcypher/tokenizer.h>
#include <modelcypher/version.h>

#endif
