import Type from "typebox";
import { cameraId, clipId, closed, listNext, memberId, time } from "./common.js";

/** A piece of a share's age file, in bytes. */
export const pieceBytesMax = 2 * 1024 * 1024;
const piecesMax = 128;
/** A link's life where nobody says how long, and at most. */
export const shareHours = { usual: 7 * 24, max: 30 * 24 } as const;

const shareId = Type.String({
  pattern: "^[a-z2-7]{16}$",
  description: "A link's id: 16 characters of base32",
});
const pieces = Type.Integer({
  minimum: 1,
  maximum: piecesMax,
  description: "In so many pieces the age file comes, of 2 MiB at most",
});
const views = Type.Integer({
  minimum: 1,
  maximum: 1_000,
  description: "It can be opened so often; without it, until it expires",
});

export const shareBody = Type.Object(
  {
    clip: clipId,
    hours: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: shareHours.max,
        description: "It ends after so many hours; 168 where none are said",
      }),
    ),
    views: Type.Optional(views),
    pieces,
  },
  closed,
);
export const share = Type.Object(
  {
    id: shareId,
    clip: clipId,
    camera: cameraId,
    member: Type.String({ ...memberId, description: "Who made it" }),
    madeAt: time,
    expiresAt: time,
    whole: Type.Boolean({ description: "All pieces are here: it opens" }),
    views: Type.Integer({ description: "How often it was opened" }),
    viewsMax: Type.Optional(Type.Integer()),
  },
  closed,
);
export const shareList = Type.Object({ shares: Type.Array(share), next: listNext }, closed);
export const shareParams = Type.Object({ share: shareId }, closed);
export const pieceParams = Type.Object(
  { share: shareId, piece: Type.Integer({ minimum: 0, maximum: piecesMax - 1 }) },
  closed,
);

/** What whoever has the link is told: nothing of the household. */
export const look = Type.Object(
  {
    pieces: Type.Integer({
      description: "To be fetched one after the other: together they are one age file",
    }),
    pass: Type.String({ description: "For each piece, in the header `lintel-look`, for ten minutes" }),
    expiresAt: time,
    viewsLeft: Type.Optional(Type.Integer()),
  },
  closed,
);
export const lookHeaders = Type.Object({ "lintel-look": Type.String({ maxLength: 100 }) });
