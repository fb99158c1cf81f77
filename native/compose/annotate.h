// What is written on a canvas: boxes with labels, the composition's time, cards for tiles without a picture.
#pragma once
#include "compose/composer.h"
#include "compose/draw_list.h"

namespace framepath::compose {

// Outlines, clipped to the tile, in the colour of the identity (else track); labels "#id score" or "Ttrack score".
void annotate(DrawList& list, const TileBoxes& boxes, const Placement& place, bool labels, const ImageView& canvas);
// H:MM:SS.mmm at the bottom right.
void drawTime(DrawList& list, int64_t ptsUs, const ImageView& canvas);
// Plain black, or a neutral card with the name of the source and `status`; empty: "no signal".
void drawCard(DrawList& list, const Box& rect, const TileSpec& tile, const std::string& status, bool black,
              const ImageView& canvas);

}  // namespace framepath::compose
